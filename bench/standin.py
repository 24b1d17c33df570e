"""A renderer that draws nothing: for tests and proofs of the machinery, which must be pulled about often and quickly.

It has the real one's form. Each pass takes STANDIN_SECONDS and is written down in the file STANDIN_LOG, if they are
set, so that a proof can count which passes were done twice.
"""

import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from jobs.cake.design import Design

PASSES = 6
SIZE = (64, 48)


@dataclass(frozen=True, slots=True)
class Pass:
    number: int
    of: int
    picture: bytes
    checkpoint: bytes
    seconds: float


def passes(design: Design, saved: bytes | None = None, *, final_passes: int = PASSES) -> Iterator[Pass]:
    """A picture that is of another grey with each pass. What is saved is the number of the last pass."""
    seconds = float(os.environ.get("STANDIN_SECONDS", "0"))
    done = json.loads(saved) if saved else 0
    for number in range(done + 1, final_passes + 1):
        time.sleep(seconds)  # stands for the work
        _note(design, number)
        yield Pass(number, final_passes, _picture(number), json.dumps(number).encode(), seconds)


def _picture(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", SIZE, 20 * number).save(buffer, "WEBP")
    return buffer.getvalue()


def _note(design: Design, number: int) -> None:
    if "STANDIN_LOG" in os.environ:
        with Path(os.environ["STANDIN_LOG"]).open("a") as log:
            log.write(f"{design.digest} {number}\n")
