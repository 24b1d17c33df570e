"""Cache, when it has no answer: one builds, the others wait shortly, and the database is asked by few.

A reader takes the lease of what is missing and builds it; who finds the lease taken waits for that builder, and asks
the database itself only when it takes too long. What has expired is served, and built again behind the answer. With
the cache away, the durable copies answer, and what there is none of is assembled.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from . import codec, fence, xray
from .breaker import CACHE
from .flights import flights, seconds_left
from .kinds import Kind, registry
from .reading import CACHE_DOWN, Built, must_ask_itself
from .replicas import current, may_store
from .stores import cache

WAIT_SECONDS = 1.0  # for another builder; there must be time left to read
LOOK_AGAIN_SECONDS = 0.02


def fill(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    """Build what a reader misses, all of it in one batch. Threads that want the same share one answer; whoever has
    just written does not share what may have been begun before."""
    _note(kind, ids)
    if must_ask_itself():
        return _fill(kind, ids)
    return flights.share((kind.name, tuple(ids)), partial(_fill, kind, ids))


def read_without_cache(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    """The durable copies, and from the tables what there is none of; all from the tables for a visitor who has
    written shortly before. Either way few read at once."""
    _note(kind, ids)
    return _read_without_cache(kind, ids)


def _note(kind: Kind, ids: Sequence[int]) -> None:
    """Tell the x-ray of what was not there."""
    xray.current().misses[kind.name] += len(ids)


def _read_without_cache(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    if current().bears_token:
        with flights.reading():
            return kind.assemble_all(ids)
    if must_ask_itself():
        return _read_durable(kind, ids)
    share = flights.share_for_a_while if CACHE.is_open else flights.share
    return share((kind.name, "durable", tuple(ids)), partial(_read_durable, kind, ids))


def renew(kind: Kind, pk: int) -> None:
    """Build again what has expired, unless somebody else has or does. What could not be stored is not begun."""
    if may_store():
        _build(kind, kind.take([pk], fence.EXPIRED))


def stored(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    """What is stored now, in one round trip."""
    if not ids:
        return {}
    pipeline = cache().pipeline(transaction=False)
    for pk in ids:
        pipeline.hmget(kind.key(pk), f"s:{kind.shape}", f"c:{kind.shape}")
    return {
        pk: _unpacked(codec.Packed(*codec.unpack(whole)), codec.unpack_card(card)[3])
        for pk, (whole, card) in zip(ids, pipeline.execute(), strict=True)
        if whole is not None and card is not None
    }


def _fill(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    try:
        return _build_or_wait(kind, ids) if may_store() else _read_without_cache(kind, ids)
    except CACHE_DOWN:
        return _read_without_cache(kind, ids)


def _build_or_wait(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    """Build those whose lease is free, and wait shortly for who is building the others."""
    deadline = time.monotonic() + (0 if must_ask_itself() else seconds_left(WAIT_SECONDS))
    built: dict[int, Built] = {}
    waiting = list(ids)
    while waiting:
        taken = kind.take(waiting, fence.MISSING)
        built |= _build(kind, taken)
        built |= stored(kind, [pk for pk, lease in taken.items() if lease.since == fence.THERE])
        waiting = [pk for pk in waiting if pk not in built]
        if waiting and time.monotonic() >= deadline:
            return built | _read_without_cache(kind, waiting)
        if waiting:
            time.sleep(LOOK_AGAIN_SECONDS)
    return built


def _build(kind: Kind, leases: Mapping[int, fence.Lease]) -> dict[int, Built]:
    """Build under those of these leases that are ours, and store, unless somebody has taken over. Listings are left
    to a refresh."""
    ours = {pk: lease for pk, lease in leases.items() if lease.is_ours}
    if not ours:
        return {}
    with kind.building(ours):
        with flights.reading():
            built = kind.assemble_all(list(ours))
        kind.store(ours, built)
    return built


def _read_durable(kind: Kind, ids: Sequence[int]) -> dict[int, Built]:
    with flights.reading():
        found = kind.durable(ids)
        missing = [pk for pk in ids if pk not in found]
        return found | kind.assemble_all(missing) if missing else found


def _unpacked(whole: codec.Packed, card: dict | None) -> Built:
    refs = [(registry[name], pk) for name, pk in whole.refs]
    return Built(whole.version, whole.data, card, refs, expires_at=whole.expires_at)
