"""What a deploy has each host do, by the code of the release that is deployed: `python -m cluster.steps NAME …`."""

import sys
from collections.abc import Callable, Sequence

import django
from django.conf import settings
from django.core.management import call_command

from . import history, topology
from .environment import read
from .errors import ClusterError
from .linting import lint
from .places import Places, places
from .proving import prove
from .slots import begin, end, finish, running
from .supervision import Supervisor
from .topology import Program

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


def names_of(where: Places, kind: str) -> str:
    """Of the clones, or the workers, that run here."""
    supervisor = Supervisor(where)
    every = [program for program in _programs(where) if program.kind == kind]
    return " ".join(program.name for program in every if list(running(supervisor, program)))


def publish_pages(where: Places) -> None:
    if settings.PUBLISH != "off":
        call_command("publish", all=True, point=True)


def programs_of(where: Places, names: Sequence[str]) -> list[Program]:
    known = {program.name: program for program in _programs(where) if program.has_slots}
    if strangers := [name for name in names if name not in known]:
        raise ClusterError(f"There is no {', '.join(strangers)} here that runs a release.")
    return [known[name] for name in names]


def _programs(where: Places) -> list[Program]:
    return topology.programs(where, read(where.env))


STEPS: dict[str, Callable[..., str | None]] = {
    "programs": names_of,
    "lint": lambda where: lint(),
    "begin": begin_programs,
    "finish": finish_programs,
    "swap": swap_programs,
    "end": end_program,
    "pages": publish_pages,
    "prove": lambda where, release: prove(release),
    "current": history.current,
    "before": history.before,
    "note": history.note,
    "prune": lambda where: " ".join(history.prune(where, KEPT_RELEASES)),
}

if __name__ == "__main__":
    try:
        sys.stdout.write(step(places(), *sys.argv[1:]) + "\n")
    except ClusterError as reason:
        sys.exit(str(reason))
