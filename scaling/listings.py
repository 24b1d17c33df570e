"""Listings as cached objects: sorted sets in the cache, moved by the very script that stores an object.

A page of a listing with its cards costs one round trip at any depth, and a change costs O(log n) for each listing it
stands in. A member is `<tie-break>|<id>`: rows with equal scores come in the order of their tie-breaks.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from . import lua
from .behind import behind
from .breaker import CACHE
from .cache import CachedObject, Stored, Want
from .flights import flights
from .reading import CACHE_DOWN, must_ask_itself
from .replicas import current, may_store, own_writes, primary
from .stores import cache
from .uses import note_slice, note_total

REBUILD_SECONDS = 60  # between two chunks
CHUNK = 500

_slice, _tidy = lua.Script("slice"), lua.Script("listing_tidy")
_begin, _add, _finish = lua.Script("listing_begin"), lua.Script("listing_add"), lua.Script("listing_finish")
_lock_end = lua.Script("lock_end")

Row = tuple[float, str]  # score, member


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a listing, in order. `size` counts the whole listing, and `total` as well, for whoever shows it: a page
    that never asks how many there are is not made anew when there is one more."""

    size: int
    cards: list[Stored]
    is_cached: bool = False  # read from the cache, and not from the database
    listing: str = ""

    @property
    def total(self) -> int:
        note_total(self.listing, self.size)
        return self.size


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

    @property
    def name(self) -> str:
        """Of this order of it."""
        return f"-{self.key}" if self.is_reversed else self.key

    def slice(self, first: int, last: int) -> Want:
        """For `fetch`: the objects from rank `first` to rank `last`, both counted from 0 and included."""
        args = [first, last, "rev" if self.is_reversed else "", f"o:{self.of.name}:", self.of.shape]
        return Want(
            (_slice, [self.key], args),
            lambda answer: self._answer(answer, first, last),
            lambda: self._from_database(first, last),
        )

    def cut(self, first: int, last: int) -> tuple[int, list[int]]:
        """How many there are, and the ids from rank `first` to `last`: of the cache, or else of the database. Nothing
        is assembled."""
        try:
            pipeline = cache().pipeline()
            pipeline.zcard(self.key)
            if self.is_reversed:
                pipeline.zrevrange(self.key, first, last)
            else:
                pipeline.zrange(self.key, first + 1, last + 1)
            size, members = pipeline.execute()
        except CACHE_DOWN:
            size = 0
        if size:
            return size - 1, [id_of(member.decode()) for member in members if member]
        total, ids = self.ids(first, last)
        return total, list(ids)

    def count(self) -> int:
        """How many there are. A page that asks is made anew when there are more, or less."""
        size, _ = self.cut(0, -1)
        note_slice(self.name, 0, -1, ())
        note_total(self.name, size)
        return size

    def ranks(self, members: Sequence[str]) -> tuple[int, list[int | None]]:
        """How many there are, and the rank of each member: None for all when the cache has no such listing."""
        try:
            pipeline = cache().pipeline()
            pipeline.zcard(self.key)
            for member in members:
                pipeline.zrank(self.key, member)
            size, *ranks = pipeline.execute()
        except CACHE_DOWN:
            return 0, [None] * len(members)
        if self.is_reversed:
            return size - 1, [None if rank is None else size - 1 - rank for rank in ranks]
        return size - 1, [None if rank is None else rank - 1 for rank in ranks]

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
            return self._open(stored, first, last)
        behind.soon(self.key, self._rebuild_alone)
        return self._from_database(first, last)

    def _open(self, answer: list, first: int, last: int) -> Slice:
        members = [member.decode() for member in answer[1::2]]
        ids = [id_of(member) for member in members]
        note_slice(self.name, first, last, ids)
        cards = self.of.open_cards(ids, answer[2::2])
        if absent := [member for pk, member in zip(ids, members, strict=True) if pk not in cards]:
            _tidy(cache(), [self.key], [f"o:{self.of.name}:", *absent])
        return Slice(answer[0], list(cards.values()), is_cached=True, listing=self.name)

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
        note_slice(self.name, first, last, ids)
        return Slice(total, list(self.of.get_many(ids).values()), listing=self.name)

    def _ids(self, first: int, last: int) -> tuple[int, Sequence[int]]:
        with own_writes(), flights.reading():
            return self.ids(first, last)


def id_of(member: str) -> int:
    return int(member.rpartition("|")[2])


known: dict[str, Callable[[str], Listing | None]] = {}  # by how their keys begin: which listing a key is


def listing_of(key: str) -> Listing | None:
    """The listing that is kept under this key, or None when nobody knows of one."""
    return next((of(key) for prefix, of in known.items() if key.startswith(prefix)), None)


def named(name: str) -> Listing | None:
    """The same with its order, by `Listing.name`."""
    listing = listing_of(name.removeprefix("-"))
    return replace(listing, is_reversed=name.startswith("-")) if listing else None
