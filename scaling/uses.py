"""Asynchronism, way 1: what a page is made of, noted while it is rendered.

A list kept by hand of which page shows which object is soon wrong. So reading itself notes what was read: every
object, absent ones too, with its version, and every slice of a listing with the ids in it. How long a listing is
counts only for a page that has looked at it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2s

Ranks = tuple[str, int, int]  # listing (with a "-" before it when it is read backwards), first rank, last rank


@dataclass(slots=True)
class Uses:
    """`objects` are versions by "name:id"; `slices` the ids between two ranks; `totals` the lengths of listings. Two
    that are equal make the same page."""

    objects: dict[str, int] = field(default_factory=dict)
    slices: dict[Ranks, tuple[int, ...]] = field(default_factory=dict)
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


def note_object(name: str, pk: int, version: int) -> None:
    """Read twice, at two versions, it counts as the older one."""
    if (uses := _noted.get()) is not None:
        subject = f"{name}:{pk}"
        uses.objects[subject] = min(version, uses.objects.get(subject, version))


def note_slice(listing: str, first: int, last: int, ids: Sequence[int]) -> None:
    if (uses := _noted.get()) is not None:
        uses.slices[listing, first, last] = tuple(ids)


def note_total(listing: str, total: int) -> None:
    if listing and (uses := _noted.get()) is not None:
        uses.totals[listing] = total


def digest(ids: Sequence[int]) -> str:
    """Equal for the same ids in the same order: 16 hex digits."""
    return blake2s(" ".join(map(str, ids)).encode(), digest_size=8).hexdigest()
