"""Cache: what is stored, what is durable and what the tables say, side by side. What differs is wrong.

Every change is told by a trigger, and every build stands behind a fence; whoever wants to know that this holds has to
look. What is in flight is not wrong: it was changed a moment ago, or its outbox row still waits. So whatever differs
is looked at twice, and what waits is asked before anything is read.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import OperationalError
from django.utils.module_loading import import_string
from zstandard import ZstdError

from . import codec, misses, settings
from .clock import now_us
from .kinds import Kind
from .listings import Listing
from .reading import ABSENT, Built
from .replicas import may_store
from .stores import cache

IN_FLIGHT_SECONDS = 10
LOOK_AGAIN_SECONDS = 0.5
MOST_UNDONE = 10_000
MOST_NAMED = 5  # differences told of one object
MOST_ODD = 1_000  # members of one listing
MEMBERS = 1_000  # read at a time
SENTINEL = (float("-inf"), "")
UNREADABLE = (ZstdError, ValueError, TypeError, LookupError)
CACHED, DOCUMENTS, LISTINGS = "cached", "documents", "listings"  # where something is wrong

Odd = tuple[str, float | None, float | None]  # member, its score in the listing, its score in the database


class BusyError(Exception):
    """So much is still to be built that nobody can tell what is wrong."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`subject` is an object's id or a listing's key; `what` says what differs, in words."""

    name: str
    subject: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Looked:
    """`later` are the ids of what is in flight: nothing can be said of them yet."""

    faults: list[Fault] = field(default_factory=list)
    later: set[int] = field(default_factory=set)


def compare(kind: Kind, ids: Sequence[int]) -> Looked:
    """What is wrong of these objects, in the cache and in what is durable. Raises BusyError, and whatever a server
    that is away raises."""
    first = _look(kind, ids)
    if not first.faults:
        return first
    second = _look(kind, list(dict.fromkeys(int(fault.subject) for fault in first.faults)))
    return Looked(second.faults, first.later | second.later)


def compare_listing(listing: Listing) -> Looked:
    """What is wrong of a listing in the cache: the same members, with the same scores, odd twice in a row."""
    odd = _odd(listing)
    if odd:
        time.sleep(LOOK_AGAIN_SECONDS)
        odd &= _odd(listing)
    if not odd:
        return Looked()
    named = sorted(_told(each) for each in odd)[:MOST_NAMED]
    return Looked([Fault("listing", listing.key, LISTINGS, "; ".join(named))])


def undone() -> set[str]:
    """The objects ("name:id") that were changed and are not built again yet."""
    found = import_string(settings.CAUSAL_CHANGES).undone(MOST_UNDONE)
    if found is None:
        raise BusyError(f"More than {MOST_UNDONE:,} objects are still to be built, or nobody can tell which.")
    return set(found)


def _look(kind: Kind, ids: Sequence[int]) -> Looked:
    waiting = undone()
    stored, unreadable = _stored(kind, ids)
    floors = _floors(kind, ids)
    copies, built = kind.durable(ids), kind.assemble_all(ids)
    unsound = kind.unsound(built)
    if not may_store():
        raise OperationalError("What a replica says is not compared with anything.")
    looked, now = Looked(), now_us()
    for pk in ids:
        one, copy = built[pk], copies.get(pk)
        of_cache = "cannot be read" if pk in unreadable else _of_cache(stored.get(pk), one, now, floors[pk])
        of_documents = _joined(differences(copy, one) if copy else "", unsound.get(pk, ""))
        if not (of_cache or of_documents):
            continue
        if f"{kind.name}:{pk}" in waiting or _is_young(one, copy or ABSENT, now):
            looked.later.add(pk)
            continue
        for where, what in ((CACHED, of_cache), (DOCUMENTS, of_documents)):
            if what:
                looked.faults.append(Fault(kind.name, str(pk), where, what))
    return looked


def differences(found: Built, built: Built) -> str:
    """How what was found differs from what is assembled now; empty when it does not."""
    if found.data is None:
        return "" if built.data is None else "is said to be absent"
    if built.data is None:
        return "is there no more"
    names = _differing(found.data, codec.plain(built.data))
    names += [f"card {name}" for name in _differing(found.card or {}, codec.plain(built.card or {}))]
    if list(found.refs) != list(built.refs):
        names.append("what it names")
    if found.version != built.version:
        names.append("version")
    return _joined(*names)


def _of_cache(stored: Built | None, built: Built, now: int, floor: int) -> str:
    """What is not stored was evicted, and what has expired is built again by who reads it: neither is wrong, unless
    the fence has heard of more than the tables know. Then what is true would be refused for good."""
    if stored is None or stored.expires_at <= now:
        return "waits for a version that is not there" if built.version and floor > built.version else ""
    return differences(stored, built)


def _is_young(built: Built, copy: Built, now: int) -> bool:
    """Whether it has changed shortly before, by somebody or by itself."""
    since = now - IN_FLIGHT_SECONDS * 1_000_000
    return built.version > since or since < copy.expires_at <= now


def _floors(kind: Kind, ids: Sequence[int]) -> dict[int, int]:
    pipeline = cache().pipeline(transaction=False)
    for pk in ids:
        pipeline.hget(kind.key(pk), "floor")
    return {pk: int(floor or 0) for pk, floor in zip(ids, pipeline.execute(), strict=True)}


def _stored(kind: Kind, ids: Sequence[int]) -> tuple[dict[int, Built], set[int]]:
    """What is stored, and the ids of what is and cannot be read."""
    try:
        return misses.stored(kind, ids), set()
    except UNREADABLE:
        if len(ids) == 1:
            return {}, set(ids)
    found: dict[int, Built] = {}
    unreadable: set[int] = set()
    for pk in ids:
        one, bad = _stored(kind, [pk])
        found |= one
        unreadable |= bad
    return found, unreadable


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    names = sorted(found.keys() | wanted.keys())
    return [name for name in names if name not in found or name not in wanted or found[name] != wanted[name]]


def _joined(*names: str) -> str:
    return ", ".join([name for name in names if name][:MOST_NAMED])


def _odd(listing: Listing) -> set[Odd]:
    """The members that stand in the listing and not in the database, or the other way round, or somewhere else; none
    of a listing that is not there, and none that is in flight."""
    waiting = undone()
    if listing.key.removeprefix("l:") in waiting:
        return set()
    there = {member.decode(): score for member, score in cache().zscan_iter(listing.key, count=MEMBERS)}
    if not there:
        return set()
    odd: set[Odd] = set()
    for score, member in chain([SENTINEL], listing.rows()):
        found = there.pop(member, None)
        if found != score:
            odd.add((member, found, score))
        if len(odd) >= MOST_ODD:
            there.clear()
            break
    if not listing.is_sieved:
        odd |= {(member, score, None) for member, score in there.items()}
    return {each for each in odd if f"{listing.of.name}:{each[0].rpartition('|')[2]}" not in waiting}


def _told(odd: Odd) -> str:
    member, found, score = odd
    member = member or "its sentinel"
    if score is None:
        return f"{member} should not stand there"
    return f"{member} is missing" if found is None else f"{member} stands at {found:g}, not at {score:g}"
