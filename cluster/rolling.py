"""What a deploy does, step by step, on all hosts: see docs/deploys.md.

Each step is one command on one host, by the code of the release that is deployed. It may be said again, and it is
done or not: a deploy is stopped between two of them only.
"""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from . import releases
from .errors import ClusterError
from .hosts import Host
from .patience import telling

SWAPPED_WITHIN_SECONDS = 600  # two may be waited for until they are ready, and two until they end
PACKED_WITHIN_SECONDS = 1800  # packages that are downloaded, and one or two that are compiled; assets for a bucket
ALTERED_WITHIN_SECONDS = PUBLISHED_WITHIN_SECONDS = 3600  # large tables; many pages
MIGRATE = "manage.py", "migrate", "--no-input", "--verbosity", "0"
HALF_WRITTEN = "releases/.[!.]*.new"  # by deploys that were cut off: nobody else is at work here
Say = Callable[[str], None]


class Crew(NamedTuple):
    """What runs on a host before anything is moved."""

    host: Host
    current: str
    clones: list[str]
    workers: list[str]
    releases: list[str]  # that these run
    used: list[str]  # that any process has ever run, as far as they are there
    left: str = ""  # where a move began that has not come to its end


def crew_of(host: Host) -> Crew:
    """Raises ClusterError where nothing runs."""
    if not host.run("if test -e current/.venv; then echo yes; fi").strip():
        raise ClusterError(f"There is no cluster {host.where} in {host.folder}: make cluster starts it.")
    told = json.loads(last_line(host.current("-m", "cluster.steps", "crew")))
    return Crew(host, **told)


@dataclass
class Roll:
    """Everybody to one release. What concerns databases and shared files is done once, on the first host. `heed` is
    called before each step, and raises ClusterError when somebody wants it stopped."""

    crews: Sequence[Crew]
    release: str
    say: Say
    heed: Callable[[], None] = lambda: None
    is_going_back: bool = False  # then what fails keeps nothing else from being tried
    has_moved_workers: bool = field(default=False, init=False)
    failed: list[ClusterError] = field(default_factory=list, init=False)

    @property
    def first(self) -> Host:
        return self.crews[0].host

    def put_in_place(self) -> None:
        """The code, beside what runs: whole or not at all."""
        with tempfile.TemporaryDirectory() as folder:
            archive = releases.archive(Path(folder))
            for host in self._hosts():
                with telling(f"making release {self.release} {host.where}", self.say):
                    self._unpack(host, archive)
                self.say(f"release {self.release} lies {host.where}")

    def prepare(self) -> None:
        """What must be there before the first clone: assets that its pages ask for. And its migrations only add."""
        for host in self._hosts():
            self._python(host, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        self.upload()
        self._python(self.first, "manage.py", "lint_migrations")
        self.say("its migrations only add")

    def migrate(self) -> None:
        """Also before going back: its triggers are made, and those of the release that runs stay."""
        self._tried(self._python, self.first, *MIGRATE, "--keep-triggers", seconds=ALTERED_WITHIN_SECONDS)

    def settle(self) -> None:
        """Nobody runs another release: triggers that only others have declared go."""
        self._tried(self._python, self.first, *MIGRATE, seconds=ALTERED_WITHIN_SECONDS)

    def upload(self) -> None:
        """Its assets, as far as they are not there, or are no more; nobody removes them for a day. So that is done
        for the release that is left as well: pages of it are still open."""
        self._python(self.first, "manage.py", "assets", "--upload", seconds=PACKED_WITHIN_SECONDS)
        self.say(f"the assets of release {self.release} are uploaded")

    def set_out(self) -> None:
        """From here on each host knows which release everybody leaves. In a shell, since the release that is gone to
        may be older than this, and have no word for it."""
        now = shlex.quote(self.crews[0].current)
        history = f"if test -s shared/history; then cat shared/history; else echo {now}; fi"
        for host in self._hosts():
            self.heed()
            host.run(f"{history} > shared/former.new", "mv shared/former.new shared/former")

    def arrive(self) -> None:
        """All of it is done, and seen: there is nothing to go back from."""
        for host in self._hosts():
            self._tried(host.run, "rm -f shared/former")

    def roll(self, *, pages: bool = True) -> None:
        """Without `pages` those that are served stay."""
        for crew in self.crews:
            for clone in crew.clones:
                self._step(crew.host, "swap", self.release, clone, told=f"{clone} runs {self.release}")
        self.has_moved_workers = True
        for crew in self.crews:
            told = f"its workers, relay and beat run {crew.host.where} beside the old ones"
            self._step(crew.host, "begin", self.release, *crew.workers, told=told)
        if pages:
            self._step(
                self.first, "pages", seconds=PUBLISHED_WITHIN_SECONDS, told="its pages are published and served"
            )
        for crew in self.crews:
            told = f"the old workers {crew.host.where} have finished"
            self._step(crew.host, "finish", self.release, *crew.workers, told=told)

    def conclude(self) -> None:
        for host in self._hosts():
            self._step(host, "conclude", self.release)
        names = [name for crew in self.crews for name in (*crew.clones, *crew.workers)]
        if proof := self._step(self.first, "prove", self.release, *names):
            self.say(proof)

    def prune(self) -> None:
        for host in self._hosts():
            self._step(host, "prune")
        self._python(self.first, "manage.py", "assets", "--prune")

    def _hosts(self) -> list[Host]:
        return [crew.host for crew in self.crews]

    def _unpack(self, host: Host, archive: Path) -> None:
        self.heed()
        place = f"releases/.{self.release}.new"
        try:
            host.run(f"rm -rf {HALF_WRITTEN} releases/{self.release}", f"mkdir {place}")
            host.put(archive, f"{place}/.tar")
            make = f"{venv_told()}{python_of(host)} -m cluster.packages {self.release}"
            host.run(f"cd {place}", "tar -xf .tar", "rm .tar", make, seconds=PACKED_WITHIN_SECONDS)
        except ClusterError as error:
            _clear(host, error)
            raise

    def _step(self, host: Host, *words: str, seconds: float = SWAPPED_WITHIN_SECONDS, told: str = "") -> str:
        """Returns the last line of what it says."""
        said = self._tried(self._python, host, "-m", "cluster.steps", *words, seconds=seconds)
        if said and told:
            self.say(told)
        return last_line(said)

    def _tried(self, do: Callable[..., str], *words: Any, **options: float) -> str:
        """Returns what it says; of what has failed on the way back, nothing."""
        try:
            return do(*words, **options)
        except ClusterError as error:
            if not self.is_going_back:
                raise
            self.say(str(error))
            self.failed.append(error)
            return ""

    def _python(self, host: Host, *words: str, seconds: float = SWAPPED_WITHIN_SECONDS) -> str:
        self.heed()
        with telling(f"at {shlex.join(words)} {host.where}", self.say):
            return host.python(self.release, *words, seconds=seconds)


def python_of(host: Host) -> str:
    """What makes a virtual environment there."""
    return shlex.quote(os.environ.get("CLUSTER_PYTHON", "python3") if host.address else sys.executable)


def venv_told() -> str:
    """Whoever names packages for every release names them for all hosts."""
    chosen = os.environ.get("CLUSTER_VENV")
    return f"CLUSTER_VENV={shlex.quote(os.path.abspath(chosen))} " if chosen else ""


def _clear(host: Host, error: ClusterError) -> None:
    """A disk that is full stays so if half a release is left on it."""
    try:
        host.run(f"rm -rf {HALF_WRITTEN}")
    except ClusterError as another:
        error.add_note(str(another))


def last_line(told: str) -> str:
    return told.strip().rpartition("\n")[2]
