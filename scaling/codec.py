"""How objects are written down: JSON, and zstd where they are large. Never pickle: whoever can write to the cache
would then run code on every clone."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import zstandard

_local = threading.local()  # zstd contexts are quick to use again and belong to one thread


def dumps(value: Any) -> bytes:
    return orjson.dumps(value)


def loads(text: bytes) -> Any:
    return orjson.loads(text)


Refs = Sequence[tuple[str, int]]


class Packed(NamedTuple):
    """What is stored of an object. Times are microseconds since 1970; `data` is None for an absent one; `refs` are
    the (name, id) of those it names. Reading gives it as a plain list: a page opens fifty."""

    version: int
    stored_at: int
    expires_at: int
    data: dict | None
    refs: Refs = ()


def pack(whole: Packed) -> bytes:
    """A whole object."""
    return _compressor().compress(orjson.dumps(tuple(whole)))


def unpack(payload: bytes) -> list:
    return orjson.loads(_decompressor().decompress(payload))


def pack_card(card: Packed) -> bytes:
    """A card, which names nothing: too small to gain from compression."""
    return orjson.dumps(card[:4])


def unpack_card(payload: bytes) -> list:
    return orjson.loads(payload)


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=1)
    return _local.compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor
