"""Which way the parts of a line run: Hebrew and Arabic from right to left, numbers and all else from left to right.

This is the part of the Unicode algorithm that text without direction marks needs, and such marks are refused before.
"""

import unicodedata
from itertools import groupby

RIGHTWARDS = ("R", "AL")
_NUMBERS = ("EN", "AN")


def runs(letters: list[str]) -> list[tuple[list[str], bool]]:
    """Graphemes in reading order as runs in the order of drawing, each with whether it runs from right to left."""
    kinds = [_direction(letter) for letter in letters]
    base = next((kind for kind in kinds if kind in ("L", "R")), "L")
    levels = _settled(kinds, base)
    parts = [
        ([letters[place] for place in places], level == "R")
        for level, group in groupby(range(len(letters)), key=lambda place: levels[place])
        if (places := list(group))
    ]
    return parts[::-1] if base == "R" else parts


def _direction(letter: str) -> str:
    kind = unicodedata.bidirectional(letter[0])
    if kind in RIGHTWARDS:
        return "R"
    return "L" if kind == "L" else "N" if kind in _NUMBERS else ""


def _settled(kinds: list[str], base: str) -> list[str]:
    """A direction for all: numbers run to the right, signs and spaces as both their neighbours do, or as the line."""
    strong, beside = base, []
    for kind in kinds:
        strong = kind if kind in ("L", "R") else strong
        beside.append(strong if kind == "N" else kind)  # to its neighbours a number is as the text before it
    return [
        _neutral(beside, place, base) if not kind else "L" if kind == "N" else kind
        for place, kind in enumerate(kinds)
    ]


def _neutral(beside: list[str], place: int, base: str) -> str:
    before = next((kind for kind in reversed(beside[:place]) if kind), base)
    after = next((kind for kind in beside[place + 1 :] if kind), base)
    return before if before == after else base
