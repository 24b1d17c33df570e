"""An nginx of one's own here: the proxy of production, with its configuration. It writes in its folder alone."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .mariadb_data import program
from .mariadb_server import poll
from .nginx_files import Proxy
from .valkeys import free_port

STARTED_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10
CHECKED_WITHIN_SECONDS = 20
ENDING = b"shutting down"


def missing() -> str:
    """Why it cannot be started here, or nothing."""
    return "" if program("nginx") else "nginx is not installed (Debian: apt-get install nginx)."


@dataclass
class Nginx:
    """A proxy on the loopback address. It asks `clones` ("host:port"), and serves from three folders."""

    folder: Path
    clones: tuple[str, ...]
    published: Path
    static: Path
    media: Path
    port: int = field(default_factory=free_port)
    scheme: str = "http"
    trusted: tuple[str, ...] = ()
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = self.command()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=log, start_new_session=True
            )
        poll(lambda: self.answers() or self.process.poll() is not None, STARTED_WITHIN_SECONDS, "nginx’s start")
        if self.process.poll() is not None:
            raise RuntimeError(f"nginx did not start; its log is {self.folder / 'log'}")

    def command(self) -> list[str]:
        """Write the configuration; answer the command that starts it in the foreground."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._pid_file.unlink(missing_ok=True)
        self._configure()
        return self._command("-g", f"daemon off;{_user()}")

    def answers(self) -> bool:
        """Whether it is up and ours, with all its workers: it writes its number once it has the port."""
        try:
            is_ours = int(self._pid_file.read_text()) == self.process.pid
            return is_ours and len(self._workers()) == os.cpu_count()
        except (OSError, ValueError):
            return False

    def reload(self, *clones: str) -> None:
        """Ask these clones from now on. Who is being answered is not disturbed; when we return, no request that comes
        in goes to one that is not among them."""
        self.clones = clones
        self._configure()
        before = self._workers()
        self.process.send_signal(signal.SIGHUP)
        poll(lambda: self._has_changed(before), STARTED_WITHIN_SECONDS, "nginx’s reload")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it with its workers; with SIGQUIT, once they have answered."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _configure(self) -> None:
        """Write the configuration and have nginx read it: what it would not take changes nothing that runs."""
        listen = f"127.0.0.1:{self.port}"
        folders = (self.published, self.static, self.media)
        Proxy(listen, self.clones, *folders, self.scheme, self.trusted).write(self.folder)
        done = subprocess.run(  # noqa: S603
            self._command("-t"), capture_output=True, text=True, check=False, timeout=CHECKED_WITHIN_SECONDS
        )
        if done.returncode:
            raise RuntimeError(f"nginx does not take its configuration: {done.stderr.strip()}")

    def _command(self, *options: str) -> list[str]:
        own = ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]
        return [program("nginx"), *own, *options]

    @property
    def _pid_file(self) -> Path:
        return self.folder / "nginx.pid"

    def _workers(self) -> set[int]:
        """The numbers of those that take requests."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid) for pid in children if not _is_ending(pid)}

    def _has_changed(self, before: set[int]) -> bool:
        now = self._workers()
        return len(now) == os.cpu_count() and not now & before


def _is_ending(pid: str) -> bool:
    """Whether that worker only finishes what it has begun. One that is gone does not even that."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return not title or ENDING in title


def _user() -> str:
    """Root's workers would be nobody otherwise, and could not read what is for our eyes alone."""
    return " user root;" if os.geteuid() == 0 else ""
