"""The process manager: supervisor, told of every program, asked over a socket that only this user can open."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPException
from pathlib import Path
from xmlrpc.client import Fault, ServerProxy

from supervisor.states import ProcessStates
from supervisor.xmlrpc import Faults, SupervisorTransport, UnixStreamHTTPConnection

from .environment import of_processes
from .errors import ClusterError
from .leftovers import MARK, lives
from .places import Places
from .supervisor_conf import configuration
from .topology import Program

ANSWERS_WITHIN_SECONDS = 20
OPENED_WITHIN_SECONDS = 20
CLOSED_WITHIN_SECONDS = 60
LOOKED_AGAIN_SECONDS = 0.2  # each look is work for the process manager
FAILED = (ProcessStates.FATAL, ProcessStates.EXITED, ProcessStates.UNKNOWN)
GONE = (ProcessStates.STOPPED, ProcessStates.EXITED, ProcessStates.FATAL)


class Connection(UnixStreamHTTPConnection):
    """Supervisor's own, but one that does not wait for ever."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWERS_WITHIN_SECONDS)
        self.sock.connect(self.socketfile)


class Transport(SupervisorTransport):
    def __init__(self, path: Path) -> None:
        super().__init__(serverurl=f"unix://{path}")
        self.path = path
        self._get_connection = self._open

    def _open(self) -> Connection:
        connection = Connection("localhost")
        connection.socketfile = str(self.path)
        return connection

    def request(self, *arguments, **options):
        try:
            return super().request(*arguments, **options)
        except TimeoutError:
            raise ClusterError(f"The process manager has been silent for {ANSWERS_WITHIN_SECONDS} s.") from None


class Supervisor:
    """The one of a cluster. Processes are named as in `status`: "proxy", "web1:0"."""

    def __init__(self, where: Places) -> None:
        self.where = where

    @property
    def rpc(self):
        """A connection of its own each time: many threads may ask."""
        return ServerProxy("http://127.0.0.1", transport=Transport(self.where.socket)).supervisor

    def answers(self) -> bool:
        try:
            return bool(self.rpc.getPID())
        except (OSError, HTTPException, Fault, ClusterError):
            return False

    def answers_or_is_gone(self) -> bool:
        """Whether it answers. Raises ClusterError where it is silent only: what it runs is somebody's shop."""
        if self.answers():
            return True
        if self._listens():
            raise ClusterError("The process manager is silent, but lives, and so may the shop: try again later.")
        return False

    def _listens(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
                asked.settimeout(ANSWERS_WITHIN_SECONDS)
                asked.connect(str(self.where.socket))
        except OSError as error:
            return isinstance(error, TimeoutError | BlockingIOError)  # so many wait already
        return True

    def open(self, programs: Iterable[Program], told: Mapping[str, str]) -> None:
        """Start it, with nothing to do yet; it goes on when we are gone."""
        conf = self.where.shared / "supervisord.conf"
        conf.touch(mode=0o600)
        conf.write_text(configuration(self.where, programs))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)]
        environment = of_processes(told) | {MARK: str(self.where.folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise ClusterError(f"The process manager does not start: {done.stderr.strip() or done.stdout.strip()}")
        wait_for(self.answers, OPENED_WITHIN_SECONDS, "the start of the process manager")

    def close(self) -> None:
        """End it, and whatever it still runs."""
        pid = self.rpc.getPID()
        self.rpc.shutdown()
        wait_for(lambda: not lives(pid), CLOSED_WITHIN_SECONDS, "the end of the process manager")

    def processes(self) -> dict[str, dict]:
        """What it knows of each process, by name, in the order of the start."""
        return {name_of(info): info for info in self.rpc.getAllProcessInfo()}

    def state(self, name: str) -> int:
        return self.rpc.getProcessInfo(name)["state"]

    def is_running(self, name: str) -> bool:
        return self.state(name) == ProcessStates.RUNNING

    def start(self, *names: str) -> None:
        """Begin to start these; those that run go on."""
        for name in names:
            unless(Faults.ALREADY_STARTED, self.rpc.startProcess, name, False)

    def wait(self, names: Iterable[str], seconds: float) -> None:
        """Until these run. Raises ClusterError with the log of the first that has given up."""
        waiting = set(names)

        def run() -> bool:
            for name in sorted(waiting):
                state = self.state(name)
                if state in FAILED:
                    raise ClusterError(f"{name} does not start; its log is {self.where.log(name)}")
                if state == ProcessStates.RUNNING:
                    waiting.discard(name)
            return not waiting

        wait_for(run, seconds, lambda: f"the start of {', '.join(sorted(waiting))}")

    def stop(self, *names: str, seconds: float) -> None:
        """End these, all at once, and wait until they are gone: those that do not end in their time are killed."""
        for name in names:
            unless(Faults.NOT_RUNNING, self.rpc.stopProcess, name, False)
        wait_for(lambda: all(self.state(name) in GONE for name in names), seconds, f"the end of {', '.join(names)}")


def name_of(info: Mapping) -> str:
    """As everywhere here: "proxy", and "web1:0" where there are two places."""
    return info["name"] if info["group"] == info["name"] else f"{info['group']}:{info['name']}"


def unless(fault: int, verb: Callable, *arguments: object) -> None:
    """Do it, unless it is so already."""
    try:
        verb(*arguments)
    except Fault as error:
        if error.faultCode != fault:
            raise ClusterError(f"The process manager refuses {arguments[0]}: {error.faultString}") from None


def wait_for(condition: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what if isinstance(what, str) else what()} took longer than {seconds:.0f} s.")
        time.sleep(LOOKED_AGAIN_SECONDS)
