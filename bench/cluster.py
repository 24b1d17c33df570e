"""A cluster of its own for one proof: every server of production, in a temporary folder, and gone afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from supervisor.states import ProcessStates
from supervisor.xmlrpc import Faults

from cluster.asking import answers
from cluster.environment import cluster_of, draw_ports, port_name, read
from cluster.places import Places
from cluster.supervision import Supervisor, unless

from .opened import OPEN_WITHIN_SECONDS, PATIENCE_SECONDS, ROOT, wait_until

DONE_WITHIN_SECONDS = 900
UNBUILT = (
    "SELECT count(*) FROM shop.jobs_outbox"
    " WHERE task = 'jobs.objects.refresh' AND (due_at < UNIX_TIMESTAMP() * 1000000 OR attempt > 0)"
)


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

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Killed, and held down inside the block; started again at its end."""
        self.kill(name)
        wait_until(lambda: self._is_held(name), PATIENCE_SECONDS, f"the end of {name}")
        yield
        self.supervisor.start(name)

    def _is_held(self, name: str) -> bool:
        """The process manager starts at once what has died, until it is told not to."""
        unless(Faults.NOT_RUNNING, self.supervisor.rpc.stopProcess, name, False)
        return self.supervisor.state(name) == ProcessStates.STOPPED

    def clones(self) -> dict[str, str]:
        """Where each clone that runs is asked directly, by its name."""
        names = sorted({name.partition(":")[0] for name in self.pids("web")})
        return {name: f"127.0.0.1:{self.told[port_name(name)]}" for name in names}

    def process_of(self, name: str) -> str:
        """The name of the one process in which this program runs."""
        return next(iter(self.pids(f"{name}:")), name)

    def is_ready(self, clone: str) -> bool:
        return answers(f"http://127.0.0.1:{self.told[port_name(clone)]}/readyz")

    def stock_up(self, script: str) -> None:
        """Fill shelves and oven, before the first shopper: what was sold out is so on pages until it is built."""
        self.manage("shell", "-v", "0", "-c", script)
        self.wait_until_built()

    def wait_until_built(self) -> None:
        """Every object, from the rows as they are."""
        wait_until(lambda: not self.count(UNBUILT), OPEN_WITHIN_SECONDS, "every object")

    def count(self, sql: str, *values: object) -> int:
        """The one number that a query of the primary answers, whose tables are named `shop.…`, and values `%s`."""
        primary = cluster_of(self.where, self.told).primary
        return int(next(iter(primary.ask(sql, *values)[0].values())) or 0)


@contextmanager
def opened_cluster(settings: Mapping[str, str] = {}) -> Iterator[Cluster]:
    """Start one with the demo bakery in it and all its objects built; stop it and remove its folder at the end. What
    is set in `settings` is told to its processes."""
    with tempfile.TemporaryDirectory(prefix="bakery-") as folder:
        cluster = Cluster(Path(folder), settings)
        cluster.start()
        try:
            cluster.wait_until_built()
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
