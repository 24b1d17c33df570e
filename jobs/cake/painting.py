"""The process that paints: `python -m jobs.cake.painting`, asked once and telling pass after pass through its pipes.

It is started by `render.passes` and is a process of its own because Mitsuba may not be forked, takes half a gigabyte
that is given back when it ends, and may take its process down with it. When its parent is gone, it ends.
"""

import ctypes
import gc
import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
from PIL import Image

from .arrays import Array
from .checkpoints import Gathered
from .cleaning import Cleaner
from .design import Design
from .develop import develop
from .frames import read, write
from .moods import LIGHTS
from .progress import SAMPLES, progress
from .scene import scene

NICE = 5
QUALITY = 88
DEPTH = 7
# Each pass has a multiple of so many samples.
AT_ONCE = 2
FEATURE_SAMPLES = 2


class Painting:
    """A design on the easel: the light gathered so far, and passes that add to it."""

    def __init__(
        self, design: Design, width: int, height: int, *, passes: int, threads: int, saved: bytes | None
    ) -> None:
        self.design, self.passes, self.threads = design, passes, threads
        self.gathered = Gathered.of(saved, design.digest, width, height, passes=passes)
        dr.set_thread_count(threads)
        self.scene = scene(design, width, height)
        give_memory_back()
        self.path = mi.load_dict({"type": "path", "max_depth": DEPTH, "rr_depth": 4})
        self.features: dict[str, Array] = {}
        self.cleaner = Cleaner(threads)

    def paint(self) -> Iterator[tuple[int, bytes]]:
        """The passes that are left: the number and picture of each. What was finished is developed again."""
        if self.gathered.passes == self.passes:
            yield self.passes, self.picture()
        while self.gathered.passes < self.passes:
            number = self.gathered.passes
            self.gathered = self.gathered.with_pass(
                self._light(number), samples=SAMPLES[number], before=sum(SAMPLES[:number])
            )
            give_memory_back()
            picture = self.picture()
            give_memory_back()
            yield number + 1, picture

    def _light(self, number: int) -> Array:
        """The mean light of a pass, by few samples at a time: LLVM's memory grows with each."""
        seeds = range(1000 * number + 1, 1000 * number + 1 + SAMPLES[number] // AT_ONCE)
        parts = (np.array(mi.render(self.scene, spp=AT_ONCE, seed=seed, integrator=self.path)) for seed in seeds)
        return sum(parts, np.zeros(1)) / len(seeds)

    def picture(self) -> bytes:
        """The light so far, cleaned of its noise and developed, as WebP."""
        seen = self._features() if self.gathered.passes > 1 else {}  # the first is to be soon there
        clean = self.cleaner.clean(self.gathered.light, seen, is_final=self.gathered.passes == self.passes)
        mood, file = LIGHTS[self.design.mood], io.BytesIO()
        Image.fromarray(develop(clean, mood.exposure, mood.bloom)).save(file, "WEBP", quality=QUALITY, method=4)
        return file.getvalue()

    def _features(self) -> dict[str, Array]:
        """The colours and normals that are seen: they tell the cleaner an edge from noise."""
        if not self.features:
            kinds = mi.load_dict({"type": "aov", "aovs": "colours:albedo,normals:sh_normal"})
            dr.set_thread_count(1)  # two threads wait for each other here, and take seven times as long
            seen = np.array(mi.render(self.scene, spp=FEATURE_SAMPLES, seed=0, integrator=kinds), np.float32)
            dr.set_thread_count(self.threads)
            self.features = {"albedo": np.clip(seen[..., :3], 0, 1), "normal": seen[..., 3:6]}
        return self.features


def give_memory_back() -> None:
    """What a step has let go of, Dr.Jit and glibc would keep for the next, which needs pieces of other sizes."""
    gc.collect()
    dr.flush_malloc_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def answer(request: dict[str, Any], saved: bytes) -> Iterator[tuple[dict[str, Any], bytes, bytes]]:
    """The header, picture and checkpoint of every pass that is asked for."""
    start = begun = time.monotonic()
    design, of = Design.of(request["design"]), request["passes"]
    painting = Painting(design, *request["size"], passes=of, threads=request["threads"], saved=saved)
    since = painting.gathered.passes
    for number, picture in painting.paint():
        now = time.monotonic()
        state = progress(number, of, since=min(since, number - 1), seconds=now - start)
        head = {
            "number": number,
            "of": of,
            "seconds": now - begun,
            "percent": state.percent,
            "left": state.seconds_left,
        }
        yield head, picture, painting.gathered.as_bytes()
        begun = now


def _end_with_parent() -> None:
    """The parent keeps our input open as long as it lives."""
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(1)


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the libraries print goes to the log, not into the answers
    os.nice(NICE)
    mi.set_variant(os.environ["CAKE_VARIANT"])
    request, saved = read(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for head, picture, checkpoint in answer(request, saved):
        write(answers, head, picture, checkpoint)


if __name__ == "__main__":
    main()
