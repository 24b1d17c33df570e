"""What a render has gathered, as bytes that another worker can go on from.

The light of all samples so far is kept as half-precision numbers, and so is it in the process that made them: whoever
goes on from the bytes has the same numbers, and comes to the same picture. Bytes of another design, size or form of
the renderer, and damaged ones, are of no use and no harm: the render begins anew.
"""

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
import zstandard

from .arrays import Array

MAGIC = b"cake1"
_HEAD = struct.Struct("<5s32sHHH")
BRIGHTEST = 60_000.0


@dataclass(frozen=True, eq=False)
class Gathered:
    """The mean `light` (rows, columns, 3) of the samples of `passes` passes of the design with that digest."""

    digest: str
    light: Array
    passes: int = 0

    @classmethod
    def nothing(cls, digest: str, width: int, height: int) -> Self:
        return cls(digest, np.zeros((height, width, 3), np.float16))

    def with_pass(self, light: Array, *, samples: int, before: int) -> Self:
        """Together with the mean light of a further pass of `samples`, after `before`."""
        mean = (self.light.astype(np.float32) * before + light * samples) / (before + samples)
        kept = np.clip(np.nan_to_num(mean), 0, BRIGHTEST).astype(np.float16)
        return type(self)(self.digest, kept, self.passes + 1)

    def as_bytes(self) -> bytes:
        height, width, _ = self.light.shape
        head = _HEAD.pack(MAGIC, bytes.fromhex(self.digest), width, height, self.passes)
        # Bytes of one kind side by side pack better: the exponents of a picture are alike.
        planes = self.light.view(np.uint8).reshape(-1, 2).T
        return head + zstandard.compress(planes.tobytes(), 3)

    @classmethod
    def of(cls, saved: bytes | None, digest: str, width: int, height: int, *, passes: int) -> Self:
        """What was saved, or nothing where that does not fit or has more than `passes`."""
        try:
            return cls._opened(saved or b"", digest, width, height, passes)
        except (struct.error, zstandard.ZstdError, ValueError):
            return cls.nothing(digest, width, height)

    @classmethod
    def _opened(cls, saved: bytes, digest: str, width: int, height: int, passes: int) -> Self:
        *found, number = _HEAD.unpack_from(saved)
        if found != [MAGIC, bytes.fromhex(digest), width, height] or not 1 <= number <= passes:
            raise ValueError("This is of another picture.")
        size = width * height * 3
        raw = zstandard.ZstdDecompressor().decompress(saved[_HEAD.size :], max_output_size=2 * size)
        planes = np.frombuffer(raw, np.uint8).reshape(2, size).T
        return cls(digest, np.ascontiguousarray(planes).view(np.float16).reshape(height, width, 3), number)
