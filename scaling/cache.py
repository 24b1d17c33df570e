"""Cache, the second pattern: assemble the whole object once, and store it whole.

A page should not ask ten tables for what hardly ever changes. A `CachedObject` is assembled from the tables by a
worker whenever its row changes, and read in one round trip by everybody. What goes wrong without care is the late
builder: one who read the database before a change and stores after it. So who builds holds a lease, and the store is
refused unless the lease still stands and the version is not below the highest one heard of.

    class Person(CachedObject):
        name = "person"
        form = "1: name"

        def assemble(self, ids):
            with snapshot() as alias:
                versions = versions_of("person", ids, alias)
                rows = User.objects.using(alias).filter(pk__in=ids)
                return absent(versions) | {row.pk: Built(versions.get(row.pk, 0), {"name": row.name}) for row in rows}

    PEOPLE = Person()
    PEOPLE.get(12)          # {"name": "Ana"}, from the cache or assembled at once
    PEOPLE.refresh([12])    # a worker, after a change
    PEOPLE.forget([12])     # drop it; the next reader builds
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from . import codec, fence, lua, misses, pages, xray
from .behind import behind
from .kinds import Kind, Places, registry
from .reading import ABSENT, CACHE_DOWN, Built, Stored, Want, Whole, fetch
from .replicas import primary
from .stores import cache
from .uses import CARD, WHOLE, note_object

__all__ = ["Built", "CachedData", "CachedObject", "Stored", "Want", "Whole", "fetch", "registry"]

REFRESHES = 3  # tries to store against others who take over, evict or flush
SUPERSEDED_SECONDS = 10.0  # two leases: by then whoever has taken over has stored, or is dead
LOOK_AGAIN_SECONDS = 0.02

_read, _cards = lua.Script("read"), lua.Script("cards")


class RefusedError(Exception):
    """A refresh was taken over again and again. Nothing is lost: whoever wanted it has to ask once more."""


class CachedObject(Kind):
    """One kind of object, read through the cache. With the cache down, `durable` and `assemble` answer."""

    def get(self, pk: int) -> Stored | None:
        """The object's data, or None if there is no such object."""
        whole = fetch(self.whole(pk))[0]
        return whole and whole.data

    def whole(self, pk: int) -> Want:
        """For `fetch`: the data with the cards it names, as a `Whole`, or None."""
        return Want(
            (_read, [self.key(pk)], [self.shape]),
            lambda answer: self._open(pk, answer) if answer else self._whole_of(pk, misses.fill(self, [pk])),
            lambda: self._whole_of(pk, misses.read_without_cache(self, [pk])),
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
            lambda: self._cards_of(ids, misses.read_without_cache(self, ids)),
        )

    def open_cards(self, ids: Sequence[int], stored: Sequence[bytes | None]) -> dict[int, Stored]:
        """Unpack cards as they were stored; what is missing is built at once, all in one batch."""
        missing = [pk for pk, payload in zip(ids, stored, strict=True) if payload is None]
        built = misses.fill(self, missing) if missing else {}
        cards = {}
        for pk, payload in zip(ids, stored, strict=True):
            card = self._card_of(pk, built) if payload is None else self._open_card(pk, payload)
            if card is not None:
                cards[pk] = card
        return cards

    def refresh(self, ids: Iterable[int], *, wait_seconds: float = SUPERSEDED_SECONDS) -> dict[int, Built]:
        """Build again, write what is durable, and store, taking over from whoever is building; then move the entries
        in listings. Returns what was built of each. Whoever is taken over by another refresh waits for it, and builds
        again if nothing comes of that. With the cache down the durable part is still written before the error goes
        up. Raises RefusedError when it is in vain again and again, or after `wait_seconds` in all."""
        deadline = time.monotonic() + wait_seconds
        waiting = list(dict.fromkeys(ids))
        whole: dict[int, Built] = {}
        for _ in range(REFRESHES):
            built, refused = self._refresh(waiting)
            whole |= built
            waiting = self._not_superseded(refused, deadline)
            if not waiting:
                pages.index().touch(self.name, whole)
                return whole
        raise RefusedError(f"{self.name} {waiting} could not be stored.")

    def forget(self, ids: Iterable[int]) -> None:
        """Drop what is stored, late builders included: the next reader builds. The floor stays."""
        keys = [self.key(pk) for pk in ids]
        if keys:
            fence.forget(keys)

    def peek(self, pk: int) -> codec.Packed | None:
        """What is stored now, of an object that exists. Builds nothing."""
        answer = _read(cache(), [self.key(pk)], [self.shape])
        packed = codec.Packed(*codec.unpack(answer[0])) if answer else None
        return packed if packed and packed.data is not None else None

    def _refresh(self, ids: Sequence[int]) -> tuple[dict[int, Built], dict[int, fence.Lease]]:
        """What was built, and the leases of what was refused."""
        try:
            leases = self.take(ids, fence.OVER)
        except CACHE_DOWN:
            built = self.assemble_all(ids)
            self._persist(built)
            pages.index().touch(self.name, built)  # pages are made of what is durable meanwhile
            raise
        with self.building(leases):
            built = self.assemble_all(ids)
            places = self._persist(built)
            stored = self.store({pk: leases[pk] for pk in places}, built, places)
        if left := {pk: built[pk] for pk in stored if places[pk]}:
            self.settle(left)
        return built, {pk: leases[pk] for pk in ids if pk not in stored}

    def _not_superseded(self, refused: Mapping[int, fence.Lease], deadline: float) -> list[int]:
        """Those that have to be built again, once nobody is building them any more."""
        again: list[int] = []
        waiting = dict(refused)
        while waiting:
            became = fence.outcome({self.key(pk): lease for pk, lease in waiting.items()})
            again += [pk for pk in waiting if became[self.key(pk)] not in (fence.BUSY, fence.THERE)]
            waiting = {pk: lease for pk, lease in waiting.items() if became[self.key(pk)] == fence.BUSY}
            if waiting and time.monotonic() > deadline:
                raise RefusedError(f"{self.name} {list(waiting)} is being built by somebody else.")
            if waiting:
                time.sleep(LOOK_AGAIN_SECONDS)
        return again

    def _persist(self, built: Mapping[int, Built]) -> Places:
        with primary():  # what is stored is compared with what is stored there, not with what a replica has heard of
            return self.persist(built)

    def _open(self, pk: int, answer: list) -> Whole | None:
        version, stored_at, expires_at, data, refs = codec.unpack(answer[0])
        self._note(pk, version, stored_at, expires_at)
        note_object(self.name, pk, WHOLE, data)
        if data is None:
            return None
        return Whole(Stored(data, (self.name, pk, version)), open_refs(refs, answer[1:]))

    def _open_card(self, pk: int, payload: bytes) -> Stored | None:
        version, stored_at, expires_at, card = codec.unpack_card(payload)
        self._note(pk, version, stored_at, expires_at)
        note_object(self.name, pk, CARD, card)
        return None if card is None else Stored(card, (self.name, pk, version))

    def _note(self, pk: int, version: int, stored_at: int, expires_at: int) -> None:
        """Tell the x-ray of it. What has expired is shown all the same, and built again behind."""
        xray.current().objects.append((self.name, pk, version, stored_at))
        if expires_at * 1000 <= time.time_ns():
            behind.soon(self.key(pk), partial(misses.renew, self, pk))

    def _card_of(self, pk: int, built: Mapping[int, Built]) -> Stored | None:
        one = built.get(pk, ABSENT)
        note_object(self.name, pk, CARD, one.card)
        return None if one.card is None else Stored(one.card, (self.name, pk, one.version))

    def _cards_of(self, ids: Sequence[int], built: Mapping[int, Built]) -> dict[int, Stored]:
        return {pk: card for pk in ids if (card := self._card_of(pk, built)) is not None}

    def _whole_of(self, pk: int, built: Mapping[int, Built]) -> Whole | None:
        one = built.get(pk, ABSENT)
        note_object(self.name, pk, WHOLE, one.data)
        if one.data is None:
            return None
        wanted: dict[CachedObject, list[int]] = {}
        for ref, ref_pk in one.refs:
            wanted.setdefault(ref, []).append(ref_pk)
        cards = {
            (ref.name, ref_pk): card for ref, ids in wanted.items() for ref_pk, card in ref.get_many(ids).items()
        }
        return Whole(Stored(one.data, (self.name, pk, one.version)), cards)


class CachedData:
    """A model's attribute that is its cached object's data: `data = CachedData("product")`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, row: Any, owner: type) -> Any:
        return self if row is None else registry[self.name].get(row.pk)


def open_refs(refs: Sequence[tuple[str, int]], stored: Sequence[bytes | None]) -> dict[tuple[str, int], Stored]:
    """The cards of what an object names: as stored, or built in one batch a kind where they are missing."""
    cards: dict[tuple[str, int], Stored] = {}
    for name in dict.fromkeys(name for name, _ in refs):
        of_name = [(pk, payload) for (ref_name, pk), payload in zip(refs, stored, strict=True) if ref_name == name]
        found = registry[name].open_cards([pk for pk, _ in of_name], [payload for _, payload in of_name])
        cards |= {(name, pk): card for pk, card in found.items()}
    return cards
