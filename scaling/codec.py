"""How objects are written down: JSON, and zstd where they are large. Never pickle: whoever can write to the cache
would then run code on every clone."""

import threading
from collections.abc import Sequence
from typing import Any

import orjson
import zstandard

_local = threading.local()  # zstd contexts are quick to use again and belong to one thread


def dumps(value: Any) -> bytes:
    return orjson.dumps(value)


Refs = Sequence[tuple[str, int]]


def pack(version: int, stored_at: int, data: dict | None, refs: Refs = ()) -> bytes:
    """A whole object and the (name, id) of those it names. Times are microseconds since 1970."""
    return _compressor().compress(orjson.dumps([version, stored_at, data, refs]))


def unpack(payload: bytes) -> tuple[int, int, dict | None, Refs]:
    return orjson.loads(_decompressor().decompress(payload))


def pack_card(version: int, stored_at: int, card: dict | None) -> bytes:
    """A card: too small to gain from compression."""
    return orjson.dumps([version, stored_at, card])


def unpack_card(payload: bytes) -> tuple[int, int, dict | None]:
    return orjson.loads(payload)


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=1)
    return _local.compressor


def _decompressor() -> zstandard.ZstdDecompressor:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor


def compress(value: Any) -> bytes:
    """Anything that JSON can hold."""
    return _compressor().compress(orjson.dumps(value))


def decompress(payload: bytes) -> Any:
    return orjson.loads(_decompressor().decompress(payload))


def plain(value: Any) -> Any:
    """The same as it would come back."""
    return orjson.loads(orjson.dumps(value))
