"""Messages through a pipe: a head as JSON, then parts of bytes, each with its length before it."""

import json
import struct
from typing import Any, BinaryIO, Protocol

_LENGTH = struct.Struct("<I")
# Far more than a picture with its checkpoint takes: a length beyond it is no length.
MOST = 64 * 1024 * 1024


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def packed(head: dict[str, Any], *parts: bytes) -> bytes:
    """A message, as it goes through the pipe."""
    whole = [json.dumps(head | {"parts": len(parts)}).encode(), *parts]
    return b"".join(_LENGTH.pack(len(part)) + part for part in whole)


def write(to: BinaryIO, head: dict[str, Any], *parts: bytes) -> None:
    """Send a message at once."""
    to.write(packed(head, *parts))
    to.flush()


def read(source: Source) -> tuple[Any, ...]:
    """The next message as its head and its parts. Raises `EOFError` where there is none."""
    head = json.loads(_part(source))
    return head, *(_part(source) for _ in range(head.pop("parts")))


def _part(source: Source) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(source, _LENGTH.size))
    if length > MOST:
        raise EOFError("The message has no sensible length.")
    return _exactly(source, length)


def _exactly(source: Source, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = source.read(size - len(parts))
        if not part:
            raise EOFError("The other side is gone.")
        parts += part
    return bytes(parts)
