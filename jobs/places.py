"""How many unfinished jobs of a kind an owner may have.

Counting and then inserting would let two clicks at once through. So each unfinished job of such a kind has a place,
and no two of an owner have the same.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

from .kinds import JobKind
from .models import Job

R = TypeVar("R")


class TooMany(Exception):
    """The owner has `most` unfinished jobs of this kind already."""

    def __init__(self, kind: str, most: int) -> None:
        super().__init__(f"There are {most} unfinished jobs of the kind {kind} already")
        self.kind, self.most = kind, most


def seated(kind: JobKind, owner: str, put: Callable[[int | None], R]) -> R:
    """What `put` answers for a place that is free. Raises TooMany when there is none."""
    if kind.most_waiting is None:
        with transaction.atomic():
            return put(None)
    for place in free_places(kind, owner):
        try:
            with transaction.atomic():
                return put(place)
        except IntegrityError:
            if place not in _taken(kind, owner):
                raise
    raise TooMany(kind.name, kind.most_waiting)


def free_places(kind: JobKind, owner: str) -> list[int]:
    """Those an owner may still take. Jobs that were handed over may have none; they count all the same."""
    taken, most = _taken(kind, owner), kind.most_waiting or 0
    return [place for place in range(1, most + 1) if place not in taken] if len(taken) < most else []


def _taken(kind: JobKind, owner: str) -> list[int | None]:
    return list(Job.objects.unfinished().filter(owner=owner, kind=kind.name).values_list("place", flat=True))
