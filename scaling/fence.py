"""The fence: who may store what was read from the database.

A builder takes a lease before it reads. What it built is stored only if the lease still stands and its version is not
below the floor, the highest version heard of. Lease and floor live in the object's own hash: an eviction or a flush
takes them along, so nothing begun before can be stored after.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import codec, lua
from .clock import now_us
from .stores import cache

LEASE_MS = 5_000
ABSENT_SECONDS = 60
MOST_ABSENT = 10_000  # a crawler that asks for what does not exist fills no more than that
LIFETIME_SECONDS = 24 * 3600  # then an object is built again, whether it has changed or not
MISSING, EXPIRED, OVER = "missing", "expired", "over"  # why a lease is asked for: see lease.lua
BUSY, THERE = 0, 1  # answers of lease.lua, and of superseded.lua; any other is since when the lease is ours

_lease, _store, _forget = lua.Script("lease"), lua.Script("store"), lua.Script("forget")
_superseded, _lease_end = lua.Script("superseded"), lua.Script("lease_end")

Entry = tuple[str, float, str]  # listing key, score, member
Place = tuple[str, str]  # listing key, member


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored of an object: see `scaling.reading.Built`. `refs` as (name, id), `named` as (key, shape).
    `entries` None leaves the listings as they are; `places` are where it may stand in them from before."""

    version: int
    data: dict | None
    card: dict | None = None
    refs: Sequence[tuple[str, int]] = ()
    named: Sequence[tuple[str, str]] = ()
    expires_at: int = 0
    entries: Sequence[Entry] | None = None
    places: Sequence[Place] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """The answer to who asked for one. `since` is BUSY while somebody else builds, THERE when there is nothing to
    build any more, or else the moment from which it is held (microseconds)."""

    token: str
    since: int

    @property
    def is_ours(self) -> bool:
        return self.since > THERE


def take(keys: Iterable[str], shape: str, why: str) -> dict[str, Lease]:
    """Ask for the lease of each key. Asked for OVER, all are ours."""
    tokens = {key: secrets.token_hex(8) for key in keys}
    answers = lua.run(cache(), [(_lease, [key], [token, LEASE_MS, why, shape]) for key, token in tokens.items()])
    return {key: Lease(tokens[key], since) for key, since in zip(tokens, answers, strict=True)}


def give_back(leases: Mapping[str, Lease]) -> None:
    """Of a build that failed: nobody has to wait for its end. A lease that somebody has taken over stays theirs."""
    lua.run(cache(), [(_lease_end, [key], [lease.token]) for key, lease in leases.items()])


def outcome(leases: Mapping[str, Lease]) -> dict[str, int]:
    """What became of builds that were not stored: BUSY while who has taken over builds, THERE when a later refresh
    has stored, and anything else when it has to be built again."""
    answers = lua.run(cache(), [(_superseded, [key], [lease.since, lease.token]) for key, lease in leases.items()])
    return dict(zip(leases, answers, strict=True))


def store(shape: str, records: dict[str, tuple[str, Record]]) -> list[bool]:
    """Store records under their leases: key to (token, record). False: refused."""
    if not records:
        return []
    calls = [_store_call(key, token, shape, record) for key, (token, record) in records.items()]
    return [bool(answer) for answer in lua.run(cache(), calls)]


def forget(keys: Iterable[str]) -> None:
    """Drop what is stored, and late builders with it. The floor stays."""
    lua.run(cache(), [(_forget, [key], []) for key in keys])


def _store_call(key: str, token: str, shape: str, record: Record) -> lua.Call:
    now = now_us()
    expires_at = record.expires_at or now + LIFETIME_SECONDS * 1_000_000
    payload = codec.pack(codec.Packed(record.version, now, expires_at, record.data, record.refs))
    card = codec.pack_card(codec.Packed(record.version, now, expires_at, record.card))
    named = " ".join(f"{ref_key} {ref_shape}" for ref_key, ref_shape in record.named)
    absent_seconds = ABSENT_SECONDS if record.data is None else 0
    stored = [payload, card, named, expires_at, absent_seconds, MOST_ABSENT]
    return (_store, [key], [token, record.version, shape, *stored, _json(record.entries), _json(record.places)])


def _json(rows: Sequence[Any] | None) -> bytes:
    return b"" if rows is None else codec.dumps([list(row) for row in rows])
