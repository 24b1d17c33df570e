"""Where everything of a cluster lies, as Capistrano has it: releases side by side, and what they share.

releases/<id>/          the code of one release, its id in RELEASE, its packages in .venv
current                 the release that clones run once nothing is under way
slots/<program>-0|1     the release that one of the two places of a program runs
shared/                 what outlives releases: databases, pictures, pages, logs, the passwords in `env`
"""

import fcntl
import hashlib
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError

CODE = Path(__file__).resolve().parent.parent
DEFAULT = CODE / ".state" / "cluster"
SOCKET_LETTERS = 100  # a socket's whole path may have no more
TEMPORARY = Path("/tmp")  # noqa: S108, whatever else somebody has in TMPDIR: all must find it
COMMAND = "command"  # held by each that works here, see `claimed`
LONGEST_NAME = "supervisor.sock.1234567"  # which it has until it is in its place
PLAIN = re.compile(r"[\w./+@-]+")  # what shells, nginx and the process manager all read as it is


@dataclass(frozen=True)
class Places:
    folder: Path

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def current(self) -> Path:
        return self.folder / "current"

    @property
    def history(self) -> Path:
        """The releases that were deployed, a line each."""
        return self.shared / "history"

    @property
    def former(self) -> Path:
        """The history as it was when a move began, until everybody has arrived: who died meanwhile is taken back."""
        return self.shared / "former"

    @property
    def shared(self) -> Path:
        return self.folder / "shared"

    @property
    def state(self) -> Path:
        """What the shop's settings call STATE_DIR."""
        return self.shared / "state"

    @property
    def files(self) -> Path:
        return self.shared / "files"

    @property
    def static(self) -> Path:
        return self.shared / "static"

    @property
    def databases(self) -> Path:
        return self.shared / "databases"

    @property
    def venvs(self) -> Path:
        return self.shared / "venvs"

    @property
    def env(self) -> Path:
        return self.shared / "env"

    def handover(self, clone: str) -> Path:
        """Where a clone gives its port to the one that follows."""
        return self.sockets / f"{clone}.sock"

    @property
    def own_env(self) -> Path:
        """What this cluster's keeper wants its processes to be told besides."""
        return self.shared / "own.env"

    @property
    def socket(self) -> Path:
        """Where the process manager listens, for this user alone."""
        return self.sockets / "supervisor.sock"

    @property
    def sockets(self) -> Path:
        """`shared`; where its path is too long for a socket, a folder of this user's among the temporary ones."""
        if len(str(self.shared / LONGEST_NAME)) <= SOCKET_LETTERS:
            return self.shared
        key = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return TEMPORARY / f"cluster-{os.getuid()}-{key}"

    def slot(self, program: str, number: int) -> Path:
        return self.folder / "slots" / f"{program}-{number}"

    def log(self, process: str) -> Path:
        """Of "proxy", or of "web1:0"."""
        return self.shared / "logs" / f"{process.replace(':', '-')}.log"

    @property
    def named(self) -> str:
        """What a command about this cluster has to begin with."""
        return "" if self.folder == DEFAULT else f"CLUSTER_DIR={self.folder} "

    def check(self) -> None:
        if not PLAIN.fullmatch(str(self.folder)):
            raise ClusterError(f"{self.folder} has a blank or a sign in it: set CLUSTER_DIR to a plainer path.")

    def make(self) -> None:
        self.check()
        for folder in (self.shared, self.releases, self.folder / "slots"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.sockets != self.shared:
            self._make_sockets()
        for folder in (self.state, self.files, self.static, self.venvs, self.shared / "logs"):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _make_sockets(self) -> None:
        """Anybody may have made a folder of that name before."""
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        there = self.sockets.lstat()
        if there.st_uid != os.getuid() or there.st_mode & 0o077:
            raise ClusterError(f"{self.sockets} is open to others: remove it, or set CLUSTER_DIR to a shorter path.")


def places() -> Places:
    """Raises ClusterError, before anything is made, where none can lie."""
    where = Places(Path(os.environ.get("CLUSTER_DIR") or DEFAULT).absolute())
    where.check()
    return where


@contextmanager
def claimed(where: Places, what: str = "lock") -> Iterator[None]:
    """Hold the cluster: of two commands that change it, the second is refused, also if the first was killed since.
    `command` is held besides by whatever works here: it goes on for a while when whoever has asked for it is gone."""
    where.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (where.folder / what).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise ClusterError(at_work(f"on {where.folder}", lock.readline())) from None
        lock.truncate(0)
        lock.write(f"{holder()}\n")
        lock.flush()
        yield


@contextmanager
def worked_on(where: Places) -> Iterator[None]:
    """Hold the cluster for a command that works here itself: nothing that a deploy has left goes on meanwhile."""
    with claimed(where), claimed(where, COMMAND):
        yield


def holder() -> str:
    """What a lock says of us to whoever is refused: nobody else has ever said the same."""
    words = " ".join(sys.argv[1:])
    return f"{words or 'a program'}, process {os.getpid()} on {socket.gethostname()}, {time.time():.6f}"


def at_work(where: str, held_by: str) -> str:
    """Of a lock that is held. Its last word, the time, is for programs."""
    who = held_by.strip().rpartition(", ")[0]
    return f"Another command is at work {where}{who and f' ({who})'}: try again when it is done."


def point(link: Path, target: Path) -> None:
    """Let the link name `target`, in one step: who looks meanwhile sees the old one or the new one."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
