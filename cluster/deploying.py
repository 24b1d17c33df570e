"""A deploy: every server gets the new code while visitors are served, and afterwards nobody runs the old.

The release is put beside the one that runs, its assets are uploaded and its migrations done before anybody asks for
them. Then clone after clone is swapped, each ready before the one it replaces ends; then the workers, while the old
ones finish what they have begun; then the pages. Whatever fails stops it, and what was swapped is swapped back.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import releases
from .errors import ClusterError
from .hosts import Host
from .topology import CLONE, WORKER

SWAPPED_WITHIN_SECONDS = 300
Say = Callable[[str], None]


@dataclass
class Deploy:
    """Of one release to all hosts. What concerns databases and shared files is done once, on the first of them."""

    hosts: Sequence[Host]
    release: str
    say: Say

    def put_in_place(self) -> None:
        """The code, beside what runs."""
        place = f"releases/.{self.release}.new"
        with tempfile.TemporaryDirectory() as folder:
            archive = releases.archive(Path(folder))
            for host in self.hosts:
                host.run(f"rm -rf {place}", f"mkdir {place}")
                host.put(archive, f"{place}/.tar")
                make = f"{python_of(host)} -m cluster.packages {self.release}"
                host.run(f"cd {place}", "tar -xf .tar", "rm .tar", make)
                self.say(f"release {self.release} lies {host.where}")

    def prepare(self) -> None:
        """What must be there before the first clone: assets that its pages ask for, and its columns."""
        for host in self.hosts:
            host.python(self.release, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
        self.once("its assets are uploaded", "manage.py", "assets", "--upload")
        self.once("its migrations only add", "-m", "cluster.steps", "lint")
        self.once("its migrations are done", "manage.py", "migrate", "--no-input", "--verbosity", "0")

    def roll(self) -> None:
        for host, clones in self._programs(CLONE):
            for clone in clones:
                self._step(host, "swap", self.release, clone)
                self.say(f"{clone} runs {self.release}")
        workers = self._programs(WORKER)
        for host, names in workers:
            self._step(host, "begin", self.release, *names)
        self.say("its workers, relay and beat run beside the old ones")
        self._step(self.hosts[0], "pages")
        self.say("its pages are published and served")
        for host, names in workers:
            self._step(host, "finish", self.release, *names)
        self.say("the old workers have finished")

    def conclude(self) -> None:
        for host in self.hosts:
            self._step(host, "note", self.release)
            host.run(f"ln -sfn releases/{self.release} .current", "mv -T .current current")
        self.say(self._step(self.hosts[0], "prove", self.release))

    def prune(self) -> None:
        for host in self.hosts:
            self._step(host, "prune")
        self.hosts[0].python(self.release, "manage.py", "assets", "--prune")

    def once(self, said: str, *words: str) -> None:
        self.hosts[0].python(self.release, *words)
        self.say(said)

    def _programs(self, kind: str) -> list[tuple[Host, list[str]]]:
        return [(host, self._step(host, "programs", kind).split()) for host in self.hosts]

    def _step(self, host: Host, *words: str) -> str:
        told = host.python(self.release, "-m", "cluster.steps", *words, seconds=SWAPPED_WITHIN_SECONDS)
        return told.strip().rpartition("\n")[2]


def deploy(hosts: Sequence[Host], release: str, say: Say) -> None:
    """Raises ClusterError when it was refused, or failed and was undone."""
    refuse(hosts, release)
    before = told_by(hosts[0], "current")
    new = Deploy(hosts, release, say)
    new.put_in_place()
    new.prepare()
    _or_back(new, Deploy(hosts, before, say))
    new.prune()


def rollback(hosts: Sequence[Host], release: str, say: Say) -> None:
    """Back to this release, or to the one before when it is empty. Its code is there, and migrations only add."""
    now = told_by(hosts[0], "current")
    before = release or told_by(hosts[0], "before")
    if before == now:
        raise ClusterError(f"Release {now} runs already.")
    for host in hosts:
        if not has_release(host, before):
            raise ClusterError(f"There is no release {before} {host.where}.")
    say(f"from {now} back to {before}")
    _or_back(Deploy(hosts, before, say), Deploy(hosts, now, say))


def refuse(hosts: Sequence[Host], release: str) -> None:
    """What must not be deployed."""
    releases.check_name(release)
    if not releases.has_history():
        raise ClusterError("Only what is committed is deployed, and this is no checkout of git.")
    if releases.has_changes():
        raise ClusterError("Some changes are not committed: a release would be without them. git status shows them.")
    for host in hosts:
        if has_release(host, release):
            raise ClusterError(f"There is a release {release} {host.where} already: name another one.")


def has_release(host: Host, release: str) -> bool:
    return bool(host.run(f"if test -e releases/{release}; then echo yes; fi").strip())


def told_by(host: Host, step: str) -> str:
    return host.current("-m", "cluster.steps", step).strip()


def python_of(host: Host) -> str:
    """What makes a virtual environment there."""
    return os.environ.get("CLUSTER_PYTHON", "python3") if host.address else sys.executable


def _or_back(new: Deploy, old: Deploy) -> None:
    """Roll; and when that fails, roll back what has been swapped."""
    try:
        new.roll()
        new.conclude()
    except BaseException as error:
        new.say(f"{error or type(error).__name__} – going back to {old.release}")
        old.roll()
        old.conclude()
        if isinstance(error, ClusterError):
            raise ClusterError(f"{error} Release {old.release} runs again.") from None
        raise
