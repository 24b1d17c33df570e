"""The kinds of jobs there are. A kind is a function that does one of its jobs, and how it is queued and tried.

Whoever submits a job of a kind imports the module that declares it; so do the workers, with their tasks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[[Any], dict]


@dataclass(frozen=True, slots=True)
class JobKind:
    """Jobs wait in the queue `lane`, and are given up after `attempts` that got no further. An owner has at most
    `most_waiting` of them unfinished. `tells` says whether the owner is told of the end."""

    name: str
    lane: str
    attempts: int = 5
    most_waiting: int | None = None
    tells: bool = True
    run: Function | None = None


KINDS: dict[str, JobKind] = {}


def kind_of(name: str, lane: str) -> JobKind:
    """The kind of a job; of one that this process does not know, what every kind has."""
    return KINDS.get(name) or JobKind(name, lane)


def declare(kind: JobKind) -> JobKind:
    KINDS[kind.name] = kind
    return kind


def job_kind(
    name: str, *, lane: str = "bulk", attempts: int = 5, most_waiting: int | None = None, tells: bool = True
) -> Callable[[Function], Function]:
    """Make a kind of a function of a `jobs.running.Running`, which returns the job's result.

    It may begin again: after a worker died, and after an error. What it does must then be the same in effect.
    """

    def decorate(function: Function) -> Function:
        declare(JobKind(name, lane, attempts, most_waiting, tells, function))
        return function

    return decorate
