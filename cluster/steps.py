"""What a deploy has each host do, by the code of the release that is deployed: `python -m cluster.steps NAME …`."""

import json
import signal
import sys
from collections.abc import Callable, Sequence
from io import StringIO

import django
from django.conf import settings
from django.core.management import CommandError, call_command

from . import history, topology
from .environment import read
from .errors import REFUSED, ClusterError
from .places import Places, claimed, places, point
from .proving import prove
from .slots import begin, end, finish, running, runs
from .supervision import Supervisor
from .topology import CLONE, WORKER, Program

KEPT_RELEASES = 5


def step(where: Places, name: str, *arguments: str) -> str:
    """What is to be told of it. Raises ClusterError."""
    django.setup()
    return STEPS[name](where, *arguments) or ""


def begin_programs(where: Places, release: str, *names: str) -> None:
    begin(where, programs_of(where, names), release)


def finish_programs(where: Places, release: str, *names: str) -> None:
    finish(where, programs_of(where, names), release)


def swap_programs(where: Places, release: str, *names: str) -> None:
    begin_programs(where, release, *names)
    finish_programs(where, release, *names)


def end_program(where: Places, name: str) -> None:
    end(where, *programs_of(where, [name]))


def crew(where: Places) -> str:
    """What runs here, before anything is moved: see `rolling.Crew`."""
    supervisor, found = Supervisor(where), []
    if supervisor.answers_or_is_gone():
        every = [program for program in _programs(where) if program.has_slots]
        found = [(program, runs(where, program, slot)) for program in every for slot in running(supervisor, program)]
    names = {kind: [program.name for program, _ in found if program.kind == kind] for kind in (CLONE, WORKER)}
    told = {
        "current": history.current(where),
        "clones": list(dict.fromkeys(names[CLONE])),
        "workers": list(dict.fromkeys(names[WORKER])),
        "releases": sorted({release for _, release in found}),
        "used": history.used(where),
        "left": history.left(where),
    }
    return json.dumps(told)


def publish_pages(where: Places) -> None:
    """Raises ClusterError with the first page that cannot be published; those of the release before stay then."""
    if settings.PUBLISH == "off":
        return
    told = StringIO()
    try:
        call_command("publish", all=True, point=True, stdout=told)
    except (CommandError, SystemExit) as error:
        said = [line for line in told.getvalue().splitlines() if line.startswith("failed")]
        why = " ".join(said[0].split()[1:]) if said else str(error)
        raise ClusterError(f"A page cannot be published: {why}") from None


def conclude(where: Places, release: str) -> None:
    """It is the current one. A cut between the two lines leaves the one before the last in the history: that runs."""
    history.note(where, release)
    point(where.current, where.releases / release)


def programs_of(where: Places, names: Sequence[str]) -> list[Program]:
    known = {program.name: program for program in _programs(where) if program.has_slots}
    if strangers := [name for name in names if name not in known]:
        raise ClusterError(f"There is no {', '.join(strangers)} here that runs a release.")
    return [known[name] for name in names]


def _programs(where: Places) -> list[Program]:
    return topology.programs(where, read(where.env))


STEPS: dict[str, Callable[..., str | None]] = {
    "crew": crew,
    "begin": begin_programs,
    "finish": finish_programs,
    "swap": swap_programs,
    "end": end_program,
    "pages": publish_pages,
    "prove": lambda where, release, *crew: prove(release, crew),
    "before": history.before,
    "conclude": conclude,
    "prune": lambda where: " ".join(history.prune(where, KEPT_RELEASES)),
}

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("It took too long."))  # what has been begun is undone
    try:
        with claimed(places(), "step"):
            sys.stdout.write(step(places(), *sys.argv[1:]) + "\n")
    except ClusterError as reason:
        sys.stderr.write(f"{reason}\n")
        sys.exit(REFUSED)
