"""Which of our icing pens can write which letters: coverage as data: the web needs no font library.

`coverage.txt` holds a line a font, in the order in which they are tried: its name, then ranges of code points in hex.
It is written by `python -m jobs.cake.fonts > jobs/cake/coverage.txt` and compared with the fonts by a test.
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("coverage.txt")
# These are handsome and place no marks: whatever is more than one code point is left to the others.
SINGLE = frozenset({"lobster", "comfortaa"})


@cache
def coverage() -> dict[str, tuple[list[int], list[int]]]:
    """For each font the first and the last code points of its ranges, ascending."""
    lines = (line.split() for line in FILE.read_text().splitlines() if not line.startswith("#"))
    return {name: _ranges(ranges) for name, *ranges in lines}


def font_of(grapheme: str, among: Iterable[str] | None = None) -> str | None:
    """The first font that can write the grapheme, of all or of `among`; None where there is none."""
    return next((name for name in among or coverage() if covers(name, grapheme)), None)


def covers(font: str, grapheme: str) -> bool:
    if font in SINGLE and len(grapheme) > 1:
        return False
    return all(_has(font, ord(letter)) for letter in grapheme)


def as_text(fonts: dict[str, Iterable[int]]) -> str:
    """The file's text for the code points of each font."""
    lines = (" ".join([name, *_spans(sorted(points))]) for name, points in fonts.items())
    return "\n".join(["# Written by `python -m jobs.cake.fonts`.", *lines]) + "\n"


def _ranges(spans: list[str]) -> tuple[list[int], list[int]]:
    pairs = [span.split("-") for span in spans]
    return [int(pair[0], 16) for pair in pairs], [int(pair[-1], 16) for pair in pairs]


def _has(font: str, point: int) -> bool:
    firsts, lasts = coverage()[font]
    place = bisect_right(firsts, point) - 1
    return place >= 0 and point <= lasts[place]


def _spans(points: list[int]) -> Iterable[str]:
    first = last = None
    for point in [*points, None]:
        if first is not None and last is not None and point != last + 1:
            yield f"{first:x}" if first == last else f"{first:x}-{last:x}"
            first = None
        first, last = point if first is None else first, point
