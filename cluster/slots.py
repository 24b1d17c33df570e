"""A program moves to another release: the new process is ready before the old one ends, and the old one finishes what
it has begun.

Each program has two slots. `begin` starts the release in the empty one and believes nothing but the process's own
heartbeat; `finish` believes nothing else either, long after `begin`, and ends whatever runs another release. Both may
be said again, and going back is the same two verbs with the release before.
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

from scaling.clones import CUT_OFF_STATUS
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
HOPEFUL = (*STARTED, ProcessStates.BACKOFF)
ALIVE = (*HOPEFUL, ProcessStates.STOPPING)
SAID_LINES = 200  # of a log, at its end
NOT_READY = "This clone is not ready"
WHY = re.compile(r"(?:Error|ERROR|Not ready|not ready)")


def begin(where: Places, programs: Sequence[Program], release: str) -> None:
    """Have these run this release, beside what runs already. Raises ClusterError, with the new processes stopped
    again, when one of them is not ready in time."""
    supervisor = Supervisor(where)
    _stop(supervisor, list(_leaving(supervisor, programs)))
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
    """End what runs another release, once all of this one are heard, and wait until it has finished. Raises
    ClusterError when one is not, or when another had to be killed: somebody may have lost an answer."""
    supervisor, waiting = Supervisor(where), list(programs)

    def are_heard() -> bool:
        waiting[:] = [program for program in waiting if not _is_heard(where, supervisor, program, release)]
        return not waiting

    def what() -> str:
        return f"A word of {' and '.join(program.name for program in waiting)} of release {release}"

    wait_for(are_heard, READY_WITHIN_SECONDS, what)
    taken = [(program, slot) for program in programs for slot in running(supervisor, program)]
    _end(supervisor, [(program, slot) for program, slot in taken if runs(where, program, slot) != release])


def end(where: Places, program: Program) -> None:
    """End it, whatever it runs, likewise. Raises ClusterError when it runs nothing."""
    supervisor = Supervisor(where)
    taken = [(program, slot) for slot in running(supervisor, program)]
    if not taken:
        raise ClusterError(f"{program.name} does not run: there is nothing to end.")
    _end(supervisor, taken)


def _end(supervisor: Supervisor, taken: Sequence[tuple[Program, int]]) -> None:
    """One that ends sooner than it is killed, and cuts nobody off, may end as it likes: it was failing, and somebody
    better is there."""
    asked = time.time()
    _stop(supervisor, taken)
    for program, slot in taken:
        info = supervisor.rpc.getProcessInfo(program.process(slot))
        if info["exitstatus"] == CUT_OFF_STATUS:
            raise ClusterError(f"{program.process(slot)} has cut off an answer that it had begun.")
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


def _leaving(supervisor: Supervisor, programs: Sequence[Program]) -> Iterator[tuple[Program, int]]:
    """The slots that are about to be empty: what ends there serves nobody, whatever it runs."""
    for program in programs:
        for slot in running(supervisor, program):
            if supervisor.state(program.process(slot)) == ProcessStates.STOPPING:
                yield program, slot


def _is_heard(where: Places, supervisor: Supervisor, program: Program, release: str) -> bool:
    """Whether this release runs, and has spoken since it was last started. Raises ClusterError when it never will."""
    taken = [slot for slot in running(supervisor, program) if runs(where, program, slot) == release]
    infos = [supervisor.rpc.getProcessInfo(program.process(slot)) for slot in taken]
    if not any(info["state"] in HOPEFUL for info in infos):
        raise ClusterError(f"Nothing runs {program.name} of release {release}: the other one goes on.")
    started = [info["start"] for info in infos if info["state"] == ProcessStates.RUNNING]
    return bool(started) and has_spoken(program, release, min(started))


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
        return has_spoken(self.program, self.release, began)

    def __str__(self) -> str:
        return f"{self.program.name} of release {self.release} (its log: {self.log.path})"


def has_spoken(program: Program, release: str, began: float) -> bool:
    """Whether one that began then or later is here and stays. On another host another process may bear that name."""
    wanted = (program.name, release, socket.gethostname())
    return any(
        (program_of(member), member.release, member.host) == wanted
        and member.since >= began
        and not member.is_draining
        for member in living()
    )


def program_of(member: Member) -> str:
    """The name of its program: a worker's has its place and its host besides."""
    return re.split("[-@]", member.name)[0]


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
