"""A program moves to another release: the new process is ready before the old one ends, and the old one finishes what
it has begun.

Each program has two slots. `begin` starts the release in the empty one and believes nothing but the process's own
heartbeat; `finish` ends whatever runs another release. Both may be said again, and going back is the same two verbs
with the release before.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from supervisor.states import ProcessStates

from scaling.fleet import Member, fleet

from .errors import ClusterError
from .places import Places, point
from .supervision import Supervisor, wait_for
from .topology import Program

READY_WITHIN_SECONDS = 90
ALIVE = (ProcessStates.STARTING, ProcessStates.RUNNING, ProcessStates.BACKOFF, ProcessStates.STOPPING)
SAID_LINES = 200  # of a log, at its end
WHY = re.compile(r"(?:Error|ERROR|Not ready|not ready)")


def begin(where: Places, program: Program, release: str) -> None:
    """Have this release run, beside what runs already. Raises ClusterError, with the new process stopped again, when
    it is not ready in time."""
    supervisor = Supervisor(where)
    taken = list(running(supervisor, program))
    if any(runs(where, program, slot) == release for slot in taken):
        return
    if len(taken) == len(program.processes):
        raise ClusterError(f"Both places of {program.name} are taken: finish or undo the last deploy first.")
    slot = next(slot for slot in range(len(program.processes)) if slot not in taken)
    point(where.slot(program.name, slot), where.releases / release)
    began, log = time.time(), Log(where.log(program.process(slot)))
    supervisor.start(program.process(slot))
    try:
        wait_for(
            lambda: _is_ready(supervisor, program, slot, release, began, log),
            READY_WITHIN_SECONDS,
            lambda: f"{program.name} of release {release} (its log: {log.path})",
        )
    except BaseException:
        supervisor.stop(program.process(slot), seconds=program.stop_seconds + READY_WITHIN_SECONDS)
        raise


def finish(where: Places, program: Program, release: str) -> None:
    """End what runs another release, and wait until it has finished. Raises ClusterError when nothing runs this one,
    or when the other had to be killed: somebody may have lost an answer."""
    supervisor = Supervisor(where)
    taken = {slot: runs(where, program, slot) for slot in running(supervisor, program)}
    if release not in taken.values():
        raise ClusterError(f"Nothing runs {program.name} of release {release}: the other one goes on.")
    for slot in [slot for slot, other in taken.items() if other != release]:
        _end(supervisor, program, slot)


def end(where: Places, program: Program) -> None:
    """End it, whatever it runs, likewise."""
    supervisor = Supervisor(where)
    for slot in list(running(supervisor, program)):
        _end(supervisor, program, slot)


def _end(supervisor: Supervisor, program: Program, slot: int) -> None:
    name = program.process(slot)
    supervisor.stop(name, seconds=program.stop_seconds + READY_WITHIN_SECONDS)
    if supervisor.rpc.getProcessInfo(name)["exitstatus"]:
        raise ClusterError(f"{name} did not end in {program.stop_seconds} s and was killed.")


def running(supervisor: Supervisor, program: Program) -> Iterator[int]:
    """The slots that are taken."""
    for slot, name in enumerate(program.processes):
        if supervisor.state(name) in ALIVE:
            yield slot


def runs(where: Places, program: Program, slot: int) -> str:
    """The release in this slot."""
    return where.slot(program.name, slot).readlink().name


def _is_ready(supervisor: Supervisor, program: Program, slot: int, release: str, began: float, log: "Log") -> bool:
    """Raises ClusterError once it cannot become ready any more."""
    state = supervisor.state(program.process(slot))
    if state not in (ProcessStates.STARTING, ProcessStates.RUNNING) or log.has_given_up():
        raise ClusterError(f"{program.name} of release {release} does not become ready: {log.why()}")
    return any(_is_it(member, program, release, began) for member in fleet())


def _is_it(member: Member, program: Program, release: str, began: float) -> bool:
    is_ours = re.split("[-@]", member.name)[0] == program.name
    return is_ours and member.release == release and member.since >= began and not member.is_draining


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
        return any("This clone is not ready" in line for line in self.lines())

    def why(self) -> str:
        """The line that says most."""
        said = self.lines()
        telling = [line for line in said if WHY.search(line) and "its log says why" not in line]
        return (telling or said or [f"it says nothing in {self.path}"])[-1].strip()
