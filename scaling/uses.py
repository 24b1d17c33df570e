"""Asynchronism, way 1: what a page is made of, noted while it is rendered.

A list kept by hand of which page shows which object is soon wrong. So reading itself notes what was read: every
object or card, absent ones too, and every slice of a listing. What was read counts, and not its version: an object
that was built again and is the same concerns nobody. How long a listing is counts only for a page that has asked.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any

import orjson

WHOLE, CARD = "whole", "card"

Part = tuple[str, str]  # "name:id", and which part of it
Ranks = tuple[str, int, int]  # listing (with a "-" before it when it is read backwards), first rank, last rank


@dataclass(slots=True)
class Uses:
    """`objects` are digests of what was read of each; `slices` of the ids between two ranks; `totals` the lengths of
    listings. Two that are equal make the same page."""

    objects: dict[Part, str] = field(default_factory=dict)
    slices: dict[Ranks, str] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)


_noted: ContextVar[Uses | None] = ContextVar("uses", default=None)


@contextmanager
def noted() -> Iterator[Uses]:
    """What is read inside the block."""
    uses = Uses()
    token = _noted.set(uses)
    try:
        yield uses
    finally:
        _noted.reset(token)


def note_object(name: str, pk: int, part: str, data: dict | None) -> None:
    """Read twice and not alike, it counts as what no object is."""
    if (uses := _noted.get()) is not None:
        key, found = (f"{name}:{pk}", part), digest(data)
        uses.objects[key] = found if uses.objects.get(key, found) == found else ""


def note_slice(listing: str, first: int, last: int, ids: Sequence[int]) -> None:
    if (uses := _noted.get()) is not None:
        uses.slices[listing, first, last] = digest(list(ids))


def note_total(listing: str, total: int) -> None:
    if listing and (uses := _noted.get()) is not None:
        uses.totals[listing] = total


def digest(data: Any) -> str:
    """Equal for what is equal as JSON: 16 hex digits."""
    return blake2s(orjson.dumps(data, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
