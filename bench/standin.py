"""A stand-in for the renderer: for tests and proofs of the machinery, which must be pulled about often and quickly.

It has the real one's form and draws nothing. Each pass takes STANDIN_SECONDS and is written down in the file
STANDIN_LOG, if they are set, so that a proof can count what was done twice.
"""

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from jobs.cake.design import Design
from jobs.cake.render import Pass

PASSES = 6
SIZE = (64, 48)
CHOICES = {
    "tiers": 2,
    "sponge": "cocoa",
    "cream": "cream",
    "glaze": "chocolate",
    "topping": "cherries",
    "candles": 6,
    "plate": "porcelain",
    "mood": "evening",
}


def passes(design: Design, saved: bytes | None = None, *, final_passes: int = PASSES) -> Iterator[Pass]:
    """A picture that is of another grey with each pass. What is saved is the number of the last pass."""
    done = json.loads(saved) if saved else 0
    for number in range(done + 1, final_passes + 1):
        seconds = work(design.digest, number)
        percent, left = 100 * number // final_passes, seconds * (final_passes - number)
        yield Pass(number, final_passes, picture_of(number), json.dumps(number).encode(), seconds, percent, left)


def picture_of(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", SIZE, 20 * number).save(buffer, "WEBP")
    return buffer.getvalue()


def a_cake(inscription: str = "Happy Birthday, Steve!", **changes: object) -> Design:
    return Design.of(CHOICES | {"inscription": inscription} | changes)


def work(what: str, number: int) -> float:
    """Take a step. Returns the seconds that it took."""
    seconds = float(os.environ.get("STANDIN_SECONDS", "0"))
    time.sleep(seconds)  # stands for the work
    if "STANDIN_LOG" in os.environ:
        with Path(os.environ["STANDIN_LOG"]).open("a") as log:
            log.write(f"{what} {number}\n")
    return seconds
