"""The fence: who may store what was read from the database.

A builder takes a lease before it reads. What it built is stored only if the lease still stands and its version is not
below the floor, the highest version heard of. Lease and floor live in the object's own hash: an eviction or a flush
takes them along, so nothing begun before can be stored after.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import codec, lua
from .stores import cache

LEASE_MS = 5_000
ABSENT_SECONDS = 60
BUSY, TAKEN = 0, 1  # answers of lease.lua; 2: there is nothing to build any more

_lease, _store = lua.Script("lease"), lua.Script("store")

Entry = tuple[str, float, str]  # listing key, score, member


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored of an object: see `scaling.cache.Built`. `refs` as (name, id), `named` as (key, shape)."""

    version: int
    data: dict
    card: dict | None
    refs: Sequence[tuple[str, int]]
    named: Sequence[tuple[str, str]]
    entries: Sequence[Entry]


def take(keys: Iterable[str], shape: str, *, takeover: bool) -> dict[str, tuple[int, str]]:
    """Ask for the lease of each key: key to (state, token). With `takeover` all are TAKEN from whoever holds them."""
    tokens = {key: secrets.token_hex(8) for key in keys}
    how = [LEASE_MS, "over" if takeover else "", shape]
    states = lua.run(cache(), [(_lease, [key], [token, *how]) for key, token in tokens.items()])
    return {key: (state, tokens[key]) for key, state in zip(tokens, states, strict=True)}


def store(shape: str, records: dict[str, tuple[str, Record | None]]) -> list[bool]:
    """Store records under their leases: key to (token, record), None for what exists no longer. False: refused."""
    if not records:
        return []
    calls = [_store_call(key, token, shape, record) for key, (token, record) in records.items()]
    return [bool(answer) for answer in lua.run(cache(), calls)]


def _store_call(key: str, token: str, shape: str, record: Record | None) -> lua.Call:
    now = time.time_ns() // 1000
    if record is None:
        nothing = [codec.pack(0, now, None), codec.pack_card(0, now, None), ""]
        return (_store, [key], [token, 0, shape, *nothing, ABSENT_SECONDS, "[]"])
    payload = codec.pack(record.version, now, record.data, record.refs)
    card = codec.pack_card(record.version, now, record.card)
    named = " ".join(f"{ref_key} {ref_shape}" for ref_key, ref_shape in record.named)
    entries = codec.dumps([list(entry) for entry in record.entries])
    return (_store, [key], [token, record.version, shape, payload, card, named, 0, entries])
