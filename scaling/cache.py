"""Cache, the second pattern: assemble the whole object once, and store it whole.

A page should not ask ten tables for what hardly ever changes. A `CachedObject` is assembled from the tables by a
worker whenever its row changes, and read in one round trip by everybody. What goes wrong without care is the late
builder: one who read the database before a change and stores after it. So who builds holds a lease, and the store is
refused unless the lease still stands and the version is not below the highest one heard of.

    class Person(CachedObject):
        name = "person"
        form = "1: name, friends"

        def assemble(self, ids):
            with snapshot() as alias:
                rows = User.objects.using(alias).filter(pk__in=ids)
                return {row.pk: Built(row.version, {"name": row.name}) for row in rows}

    PEOPLE = Person()
    PEOPLE.get(12)          # {"name": "Ana"}, from the cache or assembled at once
    PEOPLE.refresh([12])    # a worker, after a change
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from typing import Any

from . import codec, fence, lua, xray
from .reading import CACHE_DOWN, Built, Stored, Want, Whole, fetch
from .replicas import may_store, primary
from .stores import cache

__all__ = ["Built", "CachedData", "CachedObject", "Stored", "Want", "Whole", "fetch", "registry"]

REFRESHES = 3  # until what a visitor has changed is built, or is read from the tables
WAIT_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.02

_read, _cards = lua.Script("read"), lua.Script("cards")


class CachedObject:
    """One kind of object. Subclasses name it, describe its form, and assemble it.

    `form` is any text that changes when the data's form does: it is hashed into the key's fields, so that two
    releases side by side never read each other's. With the cache down, `get` assembles without storing.
    """

    name: str
    form: str

    def __init__(self) -> None:
        self.shape = hashlib.blake2s(f"{self.name} {self.form}".encode(), digest_size=4).hexdigest()
        registry[self.name] = self

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        """Build the objects from the tables, all in a few statements. An id that is absent exists no longer."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is assembled")

    def key(self, pk: int) -> str:
        return f"o:{self.name}:{pk}"

    def get(self, pk: int) -> Stored | None:
        """The object's data, or None if there is no such object."""
        whole = fetch(self.whole(pk))[0]
        return whole and whole.data

    def whole(self, pk: int) -> Want:
        """For `fetch`: the data with the cards it names, as a `Whole`, or None."""
        return Want(
            (_read, [self.key(pk)], [self.shape]),
            lambda answer: self._whole(pk, answer) if answer else self._cold(pk),
            lambda: self._from_tables(pk),
        )

    def get_many(self, ids: Iterable[int]) -> dict[int, Stored]:
        """The cards of the objects that exist, in the order asked for, in one round trip."""
        ids = list(ids)
        return fetch(self.cards(ids))[0] if ids else {}

    def cards(self, ids: Sequence[int]) -> Want:
        """For `fetch`: the same."""
        return Want(
            (_cards, [self.key(pk) for pk in ids], [self.shape]),
            lambda answer: self.open_cards(ids, answer),
            lambda: self.cards_from_tables(ids),
        )

    def open_cards(self, ids: Sequence[int], stored: Sequence[bytes | None]) -> dict[int, Stored]:
        """Unpack cards as they were stored; what is missing is built at once, all in one batch."""
        missing = [pk for pk, payload in zip(ids, stored, strict=True) if payload is None]
        built = self.build(missing) if missing else {}
        cards = {}
        for pk, payload in zip(ids, stored, strict=True):
            card = self._unpack_card(pk, payload) if payload is not None else self._card_of(pk, built)
            if card is not None:
                cards[pk] = card
        return cards

    def cards_from_tables(self, ids: Sequence[int]) -> dict[int, Stored]:
        built = self.assemble(ids)
        return {pk: card for pk in ids if (card := self._card_of(pk, built)) is not None}

    def refresh(self, ids: Iterable[int]) -> dict[int, Built]:
        """Build again, write what is durable, and store, taking over from whoever is building. Returns what was
        built. With the cache down the durable part is still written before the error goes up."""
        ids, began_at = list(ids), time.time_ns() // 1000
        try:
            tokens = self._take(ids, takeover=True)
        except CACHE_DOWN:
            self._persist(ids, self.assemble(ids), began_at)
            raise
        built = self.assemble(ids)
        self._persist(ids, built, began_at)
        self._store_all(tokens, built)
        return built

    def persist(self, built: dict[int, Built], gone: Sequence[int], began_at: int) -> None:
        """Write durable copies; only workers do. `gone` are ids that were absent at `began_at` (microseconds)."""

    def _persist(self, ids: Sequence[int], built: dict[int, Built], began_at: int) -> None:
        with primary():  # what is stored is compared with what is stored there, not with what a replica has heard of
            self.persist(built, [pk for pk in ids if pk not in built], began_at)

    def build(self, ids: Sequence[int]) -> dict[int, Built]:
        """Build what a reader misses; stored unless somebody else is at it already."""
        try:
            tokens = self._take(ids, takeover=False) if may_store() else {}
            built = self.assemble(ids)
            self._store_all(tokens, built)
            return built
        except CACHE_DOWN:
            return self.assemble(ids)

    def forget(self, ids: Iterable[int]) -> None:
        """Drop what is stored, late builders included: the next reader builds."""
        keys = [self.key(pk) for pk in ids]
        if keys:
            cache().delete(*keys)

    def peek(self, pk: int) -> tuple[dict, int, int] | None:
        """The data as it is stored now, its version, and when it was stored (microseconds). Builds nothing."""
        answer = _read(cache(), [self.key(pk)], [self.shape])
        version, stored_at, data, _ = codec.unpack(answer[0]) if answer else (0, 0, None, ())
        return (data, version, stored_at) if data is not None else None

    def _whole(self, pk: int, answer: list) -> Whole | None:
        version, stored_at, data, refs = codec.unpack(answer[0])
        xray.current().objects.append((self.name, pk, version, stored_at))
        if data is None:
            return None
        return Whole(Stored(data, (self.name, pk, version)), open_refs(refs, answer[1:]))

    def _unpack_card(self, pk: int, payload: bytes) -> Stored | None:
        version, stored_at, card = codec.unpack_card(payload)
        xray.current().objects.append((self.name, pk, version, stored_at))
        return None if card is None else Stored(card, (self.name, pk, version))

    def _card_of(self, pk: int, built: dict[int, Built]) -> Stored | None:
        one = built.get(pk)
        return Stored(one.card, (self.name, pk, one.version)) if one and one.card is not None else None

    def _cold(self, pk: int) -> Whole | None:
        """Nobody has built it yet: build it, or wait shortly for the one who is at it."""
        deadline = time.monotonic() + (WAIT_SECONDS if may_store() else 0)
        while time.monotonic() < deadline:
            state, token = fence.take([self.key(pk)], self.shape, takeover=False)[self.key(pk)]
            if state == fence.TAKEN:
                built = self.assemble([pk])
                self._store_all({pk: token}, built)
                return self._whole_of(pk, built)
            if state == fence.BUSY:
                time.sleep(LOOK_AGAIN_SECONDS)
            answer = _read(cache(), [self.key(pk)], [self.shape])
            if answer:
                return self._whole(pk, answer)
        return self._from_tables(pk)

    def _from_tables(self, pk: int) -> Whole | None:
        return self._whole_of(pk, self.assemble([pk]))

    def _whole_of(self, pk: int, built: dict[int, Built]) -> Whole | None:
        one = built.get(pk)
        if one is None:
            return None
        wanted: dict[CachedObject, list[int]] = {}
        for ref, ref_pk in one.refs:
            wanted.setdefault(ref, []).append(ref_pk)
        cards = {
            (ref.name, ref_pk): card for ref, ids in wanted.items() for ref_pk, card in ref.get_many(ids).items()
        }
        return Whole(Stored(one.data, (self.name, pk, one.version)), cards)

    def _take(self, ids: Sequence[int], *, takeover: bool) -> dict[int, str]:
        """Leases for those that are free, or for all: id to token."""
        taken = fence.take([self.key(pk) for pk in ids], self.shape, takeover=takeover)
        return {pk: taken[self.key(pk)][1] for pk in ids if taken[self.key(pk)][0] == fence.TAKEN}

    def _store_all(self, tokens: dict[int, str], built: dict[int, Built]) -> None:
        if not may_store():
            return
        fence.store(self.shape, {self.key(pk): (token, self._record(built.get(pk))) for pk, token in tokens.items()})

    def _record(self, built: Built | None) -> fence.Record | None:
        if built is None:
            return None
        refs = [(ref.name, pk) for ref, pk in built.refs]
        named = [(ref.key(pk), ref.shape) for ref, pk in built.refs]
        return fence.Record(built.version, built.data, built.card, refs, named, built.entries)


registry: dict[str, CachedObject] = {}


class CachedData:
    """A model's attribute that is its cached object's data: `data = CachedData("product")`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, row: Any, owner: type) -> Any:
        return self if row is None else registry[self.name].get(row.pk)


def bring_up_to(versions: dict[str, int]) -> bool:
    """Refresh those of these objects ("name:id") that are stored as older versions. False if that was in vain."""
    wanted = {name: version for name, version in versions.items() if name.partition(":")[0] in registry}
    for _ in range(REFRESHES):
        stale: dict[str, list[int]] = {}
        for name, pk in older_than(wanted):
            stale.setdefault(name, []).append(pk)
        if not stale:
            return True
        for name, ids in stale.items():
            for pk in set(ids) - registry[name].refresh(ids).keys():
                del wanted[f"{name}:{pk}"]  # there is no such object any more, and the cache has been told
    return not older_than(wanted)


def older_than(versions: dict[str, int]) -> list[tuple[str, int]]:
    """Which of these objects are stored as older versions, in one round trip. What is not stored is not old."""
    if not versions:
        return []
    named = [(name, int(pk)) for name, _, pk in (each.partition(":") for each in versions)]
    pipeline = cache().pipeline(transaction=False)
    for name, pk in named:
        pipeline.hget(registry[name].key(pk), f"v:{registry[name].shape}")
    stored = zip(named, versions.values(), pipeline.execute(), strict=True)
    return [each for each, version, found in stored if found is not None and int(found) < version]


def open_refs(refs: Sequence[tuple[str, int]], stored: Sequence[bytes | None]) -> dict[tuple[str, int], Stored]:
    """The cards of what an object names: as stored, or built in one batch a kind where they are missing."""
    cards: dict[tuple[str, int], Stored] = {}
    for name in dict.fromkeys(name for name, _ in refs):
        of_name = [(pk, payload) for (ref_name, pk), payload in zip(refs, stored, strict=True) if ref_name == name]
        found = registry[name].open_cards([pk for pk, _ in of_name], [payload for _, payload in of_name])
        cards |= {(name, pk): card for pk, card in found.items()}
    return cards
