"""Listings as cached objects: sorted sets in the cache, moved by the very script that stores an object.

A page of a listing with its cards costs one round trip at any depth, and a change costs O(log n) for each listing it
stands in. A member is `<tie-break>|<id>`: rows with equal scores come in the order of their tie-breaks.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from . import lua
from .cache import CachedObject, Stored, Want
from .reading import CACHE_DOWN
from .replicas import current, may_store, own_writes, primary
from .stores import cache

REBUILD_SECONDS = 60
CHUNK = 500

_slice = lua.Script("slice")
_begin, _add, _finish = lua.Script("listing_begin"), lua.Script("listing_add"), lua.Script("listing_finish")

Row = tuple[float, str]  # score, member


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a listing, in order. `total` counts the whole listing."""

    total: int
    cards: list[Stored]


@dataclass(frozen=True, slots=True)
class Listing:
    """One order of some objects. `rows` reads all its rows from the database, `ids` some of them, for when there is
    no listing in the cache: (first, last) -> (total, ids)."""

    key: str
    of: CachedObject
    rows: Callable[[], Iterable[Row]]
    ids: Callable[[int, int], tuple[int, Sequence[int]]]
    is_reversed: bool = False

    def slice(self, first: int, last: int) -> Want:
        """For `fetch`: the objects from rank `first` to rank `last`, both counted from 0 and included."""
        args = [first, last, "rev" if self.is_reversed else "", f"o:{self.of.name}:", self.of.shape]
        return Want(
            (_slice, [self.key], args),
            lambda answer: self._answer(answer, first, last),
            lambda: self._from_database(first, last),
        )

    def rebuild(self) -> bool:
        """Read all rows from the database and put them in place at once. False when a later rebuild took over."""
        token = secrets.token_hex(8)
        _begin(cache(), [self.key], [token, REBUILD_SECONDS])
        rows = iter(self.rows())
        while chunk := list(islice(rows, CHUNK)):
            flat = [part for row in chunk for part in row]
            if not _add(cache(), [self.key], [token, *flat]):
                return False
        return bool(_finish(cache(), [self.key], [token]))

    def _open(self, answer: list) -> Slice:
        ids = [int(pk) for pk in answer[1::2]]
        return Slice(answer[0], list(self.of.open_cards(ids, answer[2::2]).values()))

    def _answer(self, stored: list | None, first: int, last: int) -> Slice:
        if current().bears_token:
            return self._from_database(first, last)
        return self._open(stored) if stored else self._cold(first, last)

    def _cold(self, first: int, last: int) -> Slice:
        """One reader rebuilds, from the primary: what a replica gives may be behind, and is not stored. Meanwhile the
        others are served from the database."""
        try:
            if may_store() and cache().set(f"{self.key}:lease", "1", nx=True, ex=REBUILD_SECONDS):
                with primary():
                    self.rebuild()
                cache().delete(f"{self.key}:lease")
        except CACHE_DOWN:
            pass
        return self._from_database(first, last)

    def _from_database(self, first: int, last: int) -> Slice:
        with own_writes():
            total, ids = self.ids(first, last)
        return Slice(total, list(self.of.get_many(ids).values()))
