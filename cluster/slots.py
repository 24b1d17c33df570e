"""A program moves to another release: the new process is ready before the old one ends, and the old one finishes what
it has begun.

Each program has two slots. `begin` starts the release in the empty one and believes nothing but the process's own
heartbeat; `finish` ends whatever runs another release. Both may be said again, and going back is the same two verbs
with the release before.
"""

import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError
from supervisor.states import ProcessStates

from scaling.fleet import Member, fleet

from .errors import ClusterError
from .history import BEGUN
from .places import Places, point
from .supervision import Supervisor, wait_for
from .topology import Program

READY_WITHIN_SECONDS = 120
KILLED_WITHIN_SECONDS = 10
CLOCK_SECONDS = 1  # the process manager counts whole ones
STARTED = (ProcessStates.STARTING, ProcessStates.RUNNING)
ALIVE = (ProcessStates.STARTING, ProcessStates.RUNNING, ProcessStates.BACKOFF, ProcessStates.STOPPING)
SAID_LINES = 200  # of a log, at its end
NOT_READY = "This clone is not ready"
WHY = re.compile(r"(?:Error|ERROR|Not ready|not ready)")


def begin(where: Places, programs: Sequence[Program], release: str) -> None:
    """Have these run this release, beside what runs already. Raises ClusterError, with the new processes stopped
    again, when one of them is not ready in time."""
    supervisor = Supervisor(where)
    new = [one for program in programs if (one := _placed(where, supervisor, program, release))]
    began, waiting = time.time(), list(new)

    def are_ready() -> bool:
        waiting[:] = [one for one in waiting if not one.is_ready(supervisor, began)]
        return not waiting

    try:
        for one in new:
            supervisor.start(one.process)
        wait_for(are_ready, READY_WITHIN_SECONDS, lambda: " and ".join(map(str, waiting)))
    except BaseException:
        _stop(supervisor, [(one.program, one.slot) for one in new])
        raise


def finish(where: Places, programs: Sequence[Program], release: str) -> None:
    """End what runs another release, and wait until it has finished. Raises ClusterError when nothing runs this one,
    or when another had to be killed: somebody may have lost an answer."""
    supervisor = Supervisor(where)
    others = []
    for program in programs:
        taken = {slot: runs(where, program, slot) for slot in running(supervisor, program)}
        if release not in taken.values():
            raise ClusterError(f"Nothing runs {program.name} of release {release}: the other one goes on.")
        others += [(program, slot) for slot, other in taken.items() if other != release]
    _end(supervisor, others)


def end(where: Places, program: Program) -> None:
    """End it, whatever it runs, likewise. Raises ClusterError when it runs nothing."""
    supervisor = Supervisor(where)
    taken = [(program, slot) for slot in running(supervisor, program)]
    if not taken:
        raise ClusterError(f"{program.name} does not run: there is nothing to end.")
    _end(supervisor, taken)


def _end(supervisor: Supervisor, taken: Sequence[tuple[Program, int]]) -> None:
    """One that ends sooner than it is killed may end as it likes: it was failing, and somebody better is there."""
    asked = time.time()
    _stop(supervisor, taken)
    for program, slot in taken:
        info = supervisor.rpc.getProcessInfo(program.process(slot))
        if info["exitstatus"] and info["stop"] - asked >= program.stop_seconds - CLOCK_SECONDS:
            raise ClusterError(f"{program.process(slot)} did not end in {program.stop_seconds} s and was killed.")


def _stop(supervisor: Supervisor, taken: Sequence[tuple[Program, int]]) -> None:
    """All at once."""
    if taken:
        seconds = max(program.stop_seconds for program, _ in taken) + KILLED_WITHIN_SECONDS
        supervisor.stop(*(program.process(slot) for program, slot in taken), seconds=seconds)


def running(supervisor: Supervisor, program: Program) -> Iterator[int]:
    """The slots that are taken."""
    for slot, name in enumerate(program.processes):
        if supervisor.state(name) in ALIVE:
            yield slot


def runs(where: Places, program: Program, slot: int) -> str:
    """The release in this slot."""
    return where.slot(program.name, slot).readlink().name


def _placed(where: Places, supervisor: Supervisor, program: Program, release: str) -> "Beginning | None":
    """The empty slot of a program, with the release in it; None when that runs already."""
    taken = list(running(supervisor, program))
    if any(runs(where, program, slot) == release for slot in taken):
        return None
    if len(taken) == len(program.processes):
        raise ClusterError(f"Both places of {program.name} are taken: finish or undo the last deploy first.")
    slot = next(slot for slot in range(len(program.processes)) if slot not in taken)
    (where.releases / release / BEGUN).touch()
    point(where.slot(program.name, slot), where.releases / release)
    return Beginning(program, slot, release, Log(where.log(program.process(slot))))


@dataclass(frozen=True)
class Beginning:
    """A program that starts in a slot."""

    program: Program
    slot: int
    release: str
    log: "Log"

    @property
    def process(self) -> str:
        return self.program.process(self.slot)

    def is_ready(self, supervisor: Supervisor, began: float) -> bool:
        """Raises ClusterError once it cannot become ready any more."""
        if supervisor.state(self.process) not in STARTED or self.log.has_given_up():
            name = f"{self.program.name} of release {self.release}"
            raise ClusterError(f"{name} does not become ready: {self.log.why()}")
        return any(self._is(member) and member.since >= began and not member.is_draining for member in living())

    def _is(self, member: Member) -> bool:
        """On another host another process may bear that name."""
        name = re.split("[-@]", member.name)[0]
        return (name, member.release, member.host) == (self.program.name, self.release, socket.gethostname())

    def __str__(self) -> str:
        return f"{self.program.name} of release {self.release} (its log: {self.log.path})"


def living() -> list[Member]:
    """Nobody is heard while `keep` is away: it may come back in time."""
    try:
        return fleet()
    except RedisError:
        return []


class Log:
    """What a process says from now on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._from = path.stat().st_size if path.exists() else 0

    def lines(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace").splitlines()[-SAID_LINES:]

    def has_given_up(self) -> bool:
        return any(NOT_READY in line for line in self.lines())

    def why(self) -> str:
        """The line that says most."""
        said = self.lines()
        telling = [line for line in said if WHY.search(line) and "its log says why" not in line]
        last = (telling or said or [f"it says nothing in {self.path}"])[-1]
        return message_of(last).removeprefix(f"{NOT_READY}:").strip()


def message_of(line: str) -> str:
    """What a line of a log tells, whether it is an object or plain."""
    with suppress(ValueError, KeyError, TypeError):
        return json.loads(line)["message"]
    return line
