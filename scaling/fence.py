"""The fence: who may store what was read from the database.

A builder takes a lease before it reads. What it built is stored only if the lease still stands and its version is not
below the floor, the highest version heard of. Lease and floor live in the object's own hash: an eviction or a flush
takes them along, so nothing begun before can be stored after.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from . import codec, lua
from .stores import cache

LEASE_MS = 5_000
ABSENT_SECONDS = 60
MOST_ABSENT = 10_000  # a crawler that asks for what does not exist fills no more than that
LIFETIME_SECONDS = 24 * 3600  # then an object is built again, whether it has changed or not
MISSING, EXPIRED, OVER = "missing", "expired", "over"  # why a lease is asked for: see lease.lua
BUSY, TAKEN, THERE = 0, 1, 2  # what is answered: somebody else builds; it is ours; there is nothing to build

_lease, _store, _forget = lua.Script("lease"), lua.Script("store"), lua.Script("forget")

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


def take(keys: Iterable[str], shape: str, why: str) -> dict[str, tuple[int, str]]:
    """Ask for the lease of each key: key to (BUSY, TAKEN or THERE, token). Asked for OVER, all are TAKEN."""
    tokens = {key: secrets.token_hex(8) for key in keys}
    states = lua.run(cache(), [(_lease, [key], [token, LEASE_MS, why, shape]) for key, token in tokens.items()])
    return {key: (state, tokens[key]) for key, state in zip(tokens, states, strict=True)}


def store(shape: str, records: dict[str, tuple[str, Record]]) -> list[bool]:
    """Store records under their leases: key to (token, record). False: refused."""
    if not records:
        return []
    calls = [_store_call(key, token, shape, record) for key, (token, record) in records.items()]
    return [bool(answer) for answer in lua.run(cache(), calls)]


def forget(keys: Iterable[str], floor: int = 0) -> None:
    """Drop what is stored, and late builders with it. What is older than `floor` (microseconds) comes not back."""
    lua.run(cache(), [(_forget, [key], [floor]) for key in keys])


def _store_call(key: str, token: str, shape: str, record: Record) -> lua.Call:
    now = time.time_ns() // 1000
    expires_at = record.expires_at or now + LIFETIME_SECONDS * 1_000_000
    payload = codec.pack(codec.Packed(record.version, now, expires_at, record.data, record.refs))
    card = codec.pack_card(codec.Packed(record.version, now, expires_at, record.card))
    named = " ".join(f"{ref_key} {ref_shape}" for ref_key, ref_shape in record.named)
    absent_seconds = ABSENT_SECONDS if record.data is None else 0
    stored = [payload, card, named, expires_at, absent_seconds, MOST_ABSENT]
    return (_store, [key], [token, record.version, shape, *stored, _json(record.entries), _json(record.places)])


def _json(rows: Sequence[Any] | None) -> bytes:
    return b"" if rows is None else codec.dumps([list(row) for row in rows])
