"""What a move does to the documents: it copies them to the next store, and compares the two until they are the same.

Both go through all documents in the order of their keys, while workers write both stores. A copy never replaces what
is newer. What differs is looked at again a moment later: one store is written before the other.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from scaling.replicas import primary, unit_of_work

from .data import PRODUCTS
from .documents.stores import Store, of
from .moving import Standing
from .store_names import alias_of
from .walks import Walk, patiently

BATCH = 100
LOOKS = 4
LOOK_AGAIN_SECONDS = 0.5

Rows = dict[int, dict]


def stores_of(standing: Standing) -> tuple[Store, Store]:
    """Where from, and where to."""
    return of(alias_of(standing.source)), of(alias_of(standing.target))


def fill(walk: Walk, source: Store, target: Store) -> Iterator[int]:
    """Copy all that is left of this walk, in batches; yields how many each holds."""
    while ids := patiently(partial(_ids_after, walk.place, source)):
        patiently(partial(_copy, ids, source, target))
        walk.step(ids[-1], len(ids))
        yield len(ids)
    walk.end()


def compare(walk: Walk, source: Store, target: Store) -> Iterator[tuple[int, list[int]]]:
    """One pass through all: yields how many each batch holds, and those of them that differed and were repaired."""
    place = 0
    while ids := patiently(partial(_ids_after, place, source, target)):
        differing = patiently(partial(_compare, ids, source, target))
        walk.renew()
        yield len(ids), differing
        place = ids[-1]


def _copy(ids: Sequence[int], source: Store, target: Store) -> None:
    with unit_of_work(), primary():
        target.put(source.whole(ids))


def _compare(ids: Sequence[int], source: Store, target: Store) -> list[int]:
    with unit_of_work(), primary():
        if differing := differing_of(ids, source, target):
            _repair(differing, source, target)
    return differing


def differing_of(ids: Sequence[int], source: Store, target: Store) -> list[int]:
    """Those that are not the same in both, though nobody has written them for some looks."""
    before = _look(ids, source, target)
    odd = _unequal(ids, *before)
    for _ in range(LOOKS if odd else 0):
        time.sleep(LOOK_AGAIN_SECONDS)
        now = _look(odd, source, target)
        odd = [pk for pk in _unequal(odd, *now) if not _have_met(pk, before, now)]
    return odd


def _ids_after(place: int, *stores: Store) -> list[int]:
    return sorted({row[0] for store in stores for row in store.versions_after(place, BATCH)})[:BATCH]


def _look(ids: Sequence[int], *stores: Store) -> list[Rows]:
    return [{row["product_id"]: row for row in store.whole(ids)} for store in stores]


def _unequal(ids: Iterable[int], one: Rows, other: Rows) -> list[int]:
    return [pk for pk in ids if _told(one.get(pk)) != _told(other.get(pk))]


def _told(row: dict | None) -> dict | None:
    """All of it but the places that are still to be left, which each store finds out by itself; of one that is gone
    only that it is: what is kept of it besides nobody reads."""
    if row is None or not row["is_gone"]:
        return row and {name: value for name, value in row.items() if name != "left"}
    return {"version": row["version"], "is_gone": True}


def _have_met(pk: int, before: Sequence[Rows], now: Sequence[Rows]) -> bool:
    """Whether each store has come to where the other was before: both are written, and change all the time."""
    versions = [[rows[pk]["version"] if pk in rows else -1 for rows in look] for look in (before, now)]
    (one, other), (one_now, other_now) = versions
    return one_now != other_now and one_now >= other and other_now >= one


def _repair(ids: Sequence[int], source: Store, target: Store) -> None:
    """Copy what is behind, and have built again what a copy does not mend."""
    target.put(source.whole(ids))
    if odd := _unequal(ids, *_look(ids, source, target)):
        PRODUCTS.persist(PRODUCTS.assemble_all(odd))
