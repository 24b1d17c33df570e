"""A design as a picture, in passes: the first within seconds, each better than the last.

The work is done by a process of its own (`painting`), so this module may be imported anywhere, and another worker can
go on from any pass. A renderer that hangs is given up, one that crashes is an error that can be caught, and whoever
stops listening stops the work. A worker that is told to end waits for no pass: the next goes on from the last one.
"""

import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..leaving import Leaving, leaving
from .design import Design
from .frames import packed, read
from .progress import PASSES

SIZE = (800, 600)
# A pass takes some ten seconds. On a machine that is very busy it may take minutes; beyond this it never will.
PASS_SECONDS = 600.0
END_SECONDS = 60.0
LOOK_SECONDS = 0.2  # whether this worker was told to end
TOLD = 2000
ROOT = Path(__file__).resolve().parents[2]
_LLVM_19 = re.compile(r"libLLVM(-|\.so\.)19\b")


class RenderFailed(Exception):
    """The renderer ended before the picture was finished; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Pass:
    """The picture (WebP) after pass `number` of `of`, what is needed to go on from it, the `seconds` that this pass
    took, and how far the whole is: `percent` done, `seconds_left` to go."""

    number: int
    of: int
    picture: bytes
    checkpoint: bytes
    seconds: float
    percent: int
    seconds_left: float


def passes(
    design: Design,
    saved: bytes | None = None,
    *,
    final_passes: int = PASSES,
    size: tuple[int, int] = SIZE,
    threads: int | None = None,
) -> Iterator[Pass]:
    """Paint the design from its beginning, or from a `saved` checkpoint: the same picture comes out, but for
    its noise on a machine that is very busy.

    Close the iterator to stop. Raises `RenderFailed`, also when a pass takes longer than `PASS_SECONDS`, and
    `Leaving` when the worker is told to end.
    """
    request = {"design": design.as_dict(), "passes": min(final_passes, PASSES), "size": size}
    request["threads"] = threads or len(os.sched_getaffinity(0))
    with tempfile.TemporaryFile() as log:
        process = _started(log)
        try:
            yield from _told(process, request, saved or b"")
        except (EOFError, BrokenPipeError, TimeoutError) as error:
            process.kill()
            raise RenderFailed(_last_words(process, log) or str(error)) from error
        finally:
            process.kill()
            process.wait(END_SECONDS)
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    _close(pipe)


def variant() -> str:
    """Mitsuba's variant: compiled by LLVM where 19 is named, since it ends the process with others; else plain."""
    library = os.environ.get("DRJIT_LIBLLVM_PATH", "")
    is_known = library and _LLVM_19.match(Path(library).resolve().name) and Path(library).is_file()
    return "llvm_ad_rgb" if is_known else "scalar_rgb"


def _started(log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "jobs.cake.painting"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        bufsize=0,
        cwd=ROOT,
        env=os.environ | {"CAKE_VARIANT": variant()},
    )


def _told(process: subprocess.Popen[bytes], request: dict, saved: bytes) -> Iterator[Pass]:
    if not process.stdin or not process.stdout:
        raise RenderFailed("The renderer has no pipes.")
    _send(process.stdin, packed(request, saved), time.monotonic() + PASS_SECONDS)
    of = request["passes"]
    source, number = _Patient(process.stdout), 0
    while number < of:
        head, picture, checkpoint = read(source.until(time.monotonic() + PASS_SECONDS))
        number = head["number"]
        yield Pass(number, of, picture, checkpoint, head["seconds"], head["percent"], head["left"])


def _send(pipe: IO[bytes], message: bytes, deadline: float) -> None:
    """A checkpoint is more than a pipe holds: a painter that does not read it is waited for no longer than that."""
    os.set_blocking(pipe.fileno(), False)
    left = memoryview(message)
    while left:
        if not _is_ready(pipe, deadline, to_write=True):
            raise TimeoutError(f"The renderer read nothing for {PASS_SECONDS:.0f} seconds.")
        left = left[os.write(pipe.fileno(), left) :]


class _Patient:
    """A pipe that is read until a deadline and not longer."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.pipe, self.deadline = pipe, 0.0

    def until(self, deadline: float) -> "_Patient":
        self.deadline = deadline
        return self

    def read(self, size: int, /) -> bytes:
        if not _is_ready(self.pipe, self.deadline):
            raise TimeoutError(f"The renderer said nothing for {PASS_SECONDS:.0f} seconds.")
        return self.pipe.read(size)


def _is_ready(pipe: IO[bytes], deadline: float, *, to_write: bool = False) -> bool:
    """Before the deadline. Raises `Leaving` where it would have to be waited for."""
    while True:
        left = max(0.0, deadline - time.monotonic())
        read, write = ([], [pipe]) if to_write else ([pipe], [])
        if any(select.select(read, write, [], min(left, LOOK_SECONDS))):
            return True
        if leaving.is_set():
            raise Leaving("The picture is gone on with by another worker.")
        if left <= LOOK_SECONDS:
            return False


def _last_words(process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    process.wait(END_SECONDS)
    log.seek(max(0, log.seek(0, os.SEEK_END) - TOLD))
    lines = log.read().decode(errors="replace").strip().splitlines()
    return f"{lines[-1]} (exit code {process.returncode})" if lines else ""


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # the process went before it had read all
