"""Listings as cached objects: sorted sets in the cache, moved by the very script that stores an object.

A page of a listing with its cards costs one round trip at any depth, and a change costs O(log n) for each listing it
stands in. A member is `<tie-break>|<id>`: rows with equal scores come in the order of their tie-breaks.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from . import lua
from .behind import behind
from .breaker import CACHE
from .cache import CachedObject, Stored, Want
from .flights import flights
from .reading import must_ask_itself
from .replicas import current, may_store, own_writes, primary
from .stores import cache

REBUILD_SECONDS = 60  # between two chunks
CHUNK = 500

_slice, _tidy = lua.Script("slice"), lua.Script("listing_tidy")
_begin, _add, _finish = lua.Script("listing_begin"), lua.Script("listing_add"), lua.Script("listing_finish")
_lock_end = lua.Script("lock_end")

Row = tuple[float, str]  # score, member


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a listing, in order. `total` counts the whole listing."""

    total: int
    cards: list[Stored]
    is_cached: bool = False  # read from the cache, and not from the database


@dataclass(frozen=True, slots=True)
class Listing:
    """One order of some objects. `rows` reads all its rows from the database, `ids` some of them, for when there is
    no listing in the cache: (first, last) -> (total, ids)."""

    key: str
    of: CachedObject
    rows: Callable[[], Iterable[Row]]
    ids: Callable[[int, int], tuple[int, Sequence[int]]]
    is_reversed: bool = False
    is_sieved: bool = False  # readers leave out what should not stand there: only what is missing is wrong of it

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
        return self._rebuild(secrets.token_hex(8))

    def forget(self) -> None:
        """Drop it; the next reader has it rebuilt. A rebuild that has begun goes along."""
        cache().delete(self.key, f"{self.key}:next", f"{self.key}:lease")

    def _answer(self, stored: list | None, first: int, last: int) -> Slice:
        if current().bears_token:
            return self._from_database(first, last)
        if stored:
            return self._open(stored)
        behind.soon(self.key, self._rebuild_alone)
        return self._from_database(first, last)

    def _open(self, answer: list) -> Slice:
        members = [member.decode() for member in answer[1::2]]
        ids = [int(member.rpartition("|")[2]) for member in members]
        cards = self.of.open_cards(ids, answer[2::2])
        if absent := [member for pk, member in zip(ids, members, strict=True) if pk not in cards]:
            _tidy(cache(), [self.key], [f"o:{self.of.name}:", *absent])
        return Slice(answer[0], list(cards.values()), is_cached=True)

    def _rebuild_alone(self) -> None:
        """One process does, from the primary: what a replica gives may be behind, and is not stored."""
        lease, token = f"{self.key}:lease", secrets.token_hex(8)
        if not may_store() or not cache().set(lease, token, nx=True, ex=REBUILD_SECONDS):
            return
        try:
            with primary():
                self._rebuild(token)
        finally:
            _lock_end(cache(), [lease], [token])

    def _rebuild(self, token: str) -> bool:
        _begin(cache(), [self.key], [token, REBUILD_SECONDS])
        rows = iter(self.rows())
        while chunk := list(islice(rows, CHUNK)):
            flat = [part for row in chunk for part in row]
            if not _add(cache(), [self.key], [token, REBUILD_SECONDS, *flat]):
                return False
        return bool(_finish(cache(), [self.key], [token]))

    def _from_database(self, first: int, last: int) -> Slice:
        if must_ask_itself():
            total, ids = self._ids(first, last)
        else:
            share = flights.share_for_a_while if CACHE.is_open else flights.share
            total, ids = share((self.key, self.is_reversed, first, last), lambda: self._ids(first, last))
        return Slice(total, list(self.of.get_many(ids).values()))

    def _ids(self, first: int, last: int) -> tuple[int, Sequence[int]]:
        with own_writes(), flights.reading():
            return self.ids(first, last)


known: dict[str, Callable[[str], Listing | None]] = {}  # by how their keys begin: which listing a key is


def listing_of(key: str) -> Listing | None:
    """The listing that is kept under this key, or None when nobody knows of one."""
    return next((of(key) for prefix, of in known.items() if key.startswith(prefix)), None)
