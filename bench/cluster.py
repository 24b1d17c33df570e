"""A cluster of its own for one proof: every server of production, in a temporary folder, and gone afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cluster.environment import cluster_of, draw_ports, read
from cluster.places import Places
from cluster.supervision import Supervisor

from .opened import ROOT

DONE_WITHIN_SECONDS = 900


class Cluster:
    """One that runs from a clone of the repository in `checkout`; its folder is `where`, its address `url`.

    A program is named as in `python -m cluster status`: "cache", "web1:0".
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.checkout, self.where = folder / "code", Places(folder / "c")
        self.supervisor = Supervisor(self.where)
        port = str(draw_ports(1)[0])
        self.url = f"http://127.0.0.1:{port}"
        own = {"CLUSTER_DIR": str(self.where.folder), "PORT": port, "CLUSTER_VENV": sys.prefix}
        passed = ("PATH", "HOME", "LANG", "TMPDIR")
        self.environment = {name: os.environ[name] for name in passed if name in os.environ} | own
        self.where.shared.mkdir(parents=True)
        self.where.own_env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        subprocess.run(["git", "clone", "-q", ROOT, self.checkout], check=True)

    def run(self, *words: str) -> str:
        """What `python -m cluster …` of the checkout says. Raises RuntimeError with what it complains about."""
        command = [sys.executable, "-m", "cluster", *words]
        return _done(command, self.checkout, self.environment)

    def start(self) -> str:
        return self.run("start")

    def stop(self) -> str:
        return self.run("stop")

    def manage(self, *words: str) -> str:
        """What a command of `manage.py` says, by the release that runs."""
        command = [str(self.where.current / ".venv" / "bin" / "python"), "manage.py", *words]
        return _done(command, self.where.current, self.environment | self.told)

    @property
    def told(self) -> dict[str, str]:
        """The environment of its processes."""
        return read(self.where.env)

    def pids(self, prefix: str = "") -> dict[str, int]:
        """The number of each program that runs, by name."""
        known = self.supervisor.processes()
        return {name: info["pid"] for name, info in known.items() if info["pid"] and name.startswith(prefix)}

    def kill(self, name: str) -> None:
        """With all of its processes, as a power cut would."""
        os.killpg(os.getpgid(self.pids()[name]), signal.SIGKILL)

    def count(self, sql: str, *values: object) -> int:
        """The one number that a query of the primary answers, whose tables are named `shop.…`."""
        primary = cluster_of(self.where, self.told).primary
        return int(next(iter(primary.ask(sql, *values)[0].values())) or 0)


@contextmanager
def opened_cluster(settings: Mapping[str, str] = {}) -> Iterator[Cluster]:
    """Start one with the demo bakery in it; stop it and remove its folder at the end. What is set in `settings` is
    told to its processes."""
    with tempfile.TemporaryDirectory(prefix="bakery-") as folder:
        cluster = Cluster(Path(folder), settings)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


def _done(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=DONE_WITHIN_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed: {done.stderr.strip()}\n{done.stdout.strip()}")
    return done.stdout
