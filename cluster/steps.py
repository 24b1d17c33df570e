"""What a deploy has each host do, by the code of the release that is deployed: `python -m cluster step NAME …`."""

from collections.abc import Callable

import django
from django.conf import settings
from django.core.management import call_command

from . import history, topology
from .environment import read
from .errors import ClusterError
from .linting import lint
from .places import Places
from .proving import prove
from .slots import begin, end, finish, running
from .supervision import Supervisor
from .topology import Program

KEPT_RELEASES = 5


def step(where: Places, name: str, arguments: list[str]) -> str:
    """What is to be told of it. Raises ClusterError."""
    django.setup()
    return STEPS[name](where, *arguments) or ""


def begin_program(where: Places, name: str, release: str) -> None:
    begin(where, program_of(where, name), release)


def finish_program(where: Places, name: str, release: str) -> None:
    finish(where, program_of(where, name), release)


def end_program(where: Places, name: str) -> None:
    end(where, program_of(where, name))


def names_of(where: Places, kind: str) -> str:
    """Of the clones, or the workers, that run here."""
    supervisor = Supervisor(where)
    every = [program for program in _programs(where) if program.kind == kind]
    return " ".join(program.name for program in every if list(running(supervisor, program)))


def publish_pages(where: Places) -> None:
    if settings.PUBLISH != "off":
        call_command("publish", all=True, point=True)


def program_of(where: Places, name: str) -> Program:
    for program in _programs(where):
        if program.name == name and program.has_slots:
            return program
    raise ClusterError(f"There is no {name} here that runs a release.")


def _programs(where: Places) -> list[Program]:
    return topology.programs(where, read(where.env))


STEPS: dict[str, Callable[..., str | None]] = {
    "programs": names_of,
    "lint": lambda where: lint(),
    "begin": begin_program,
    "finish": finish_program,
    "end": end_program,
    "pages": publish_pages,
    "prove": lambda where, release: prove(release),
    "current": history.current,
    "before": history.before,
    "note": history.note,
    "prune": lambda where: " ".join(history.prune(where, KEPT_RELEASES)),
}
