"""A line of text as outlines: each part of it by the pen that can write it, shaped as its script wants."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import uharfbuzz

from . import bidi
from .arrays import Array
from .coverage import coverage, covers, font_of
from .fonts import PENS, font
from .inscription import graphemes

STEPS = np.linspace(0, 1, 7)[1:, None]


@dataclass(frozen=True, eq=False)
class Written:
    """Closed contours of points (n, 2) in em, the baseline at 0, and how far the line reaches to the right."""

    contours: tuple[Array, ...]
    width: float


def pen_for(text: str) -> str:
    """The font that writes most of the letters: one hand for all that it can write."""
    letters = [letter for letter in graphemes(text) if letter.strip()]
    return max(coverage(), key=lambda name: sum(covers(name, letter) for letter in letters))


@lru_cache(maxsize=512)
def written(line: str, hand: str) -> Written:
    """The line, in the font `hand` where that has the letters."""
    contours: list[Array] = []
    x = 0.0
    for letters, is_rightwards in bidi.runs(graphemes(line)):
        parts = [(name, "".join(part)) for name, part in groupby(letters, key=lambda letter: _font(letter, hand))]
        for name, text in reversed(parts) if is_rightwards else parts:
            x += _draw(contours, name, text, x, "rtl" if is_rightwards else "ltr")
    return Written(tuple(contours), x)


def _font(letter: str, hand: str) -> str:
    return hand if not letter.strip() else font_of(letter, (hand, *coverage())) or hand


def _draw(contours: list[Array], name: str, text: str, x: float, direction: str) -> float:
    """Add a run of one font; returns how far it reaches, in em."""
    pen, opened = PENS[name], font(name)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.direction = direction
    buffer.guess_segment_properties()
    uharfbuzz.shape(opened, buffer)
    em = pen.size / opened.face.upem
    here = x
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        outline = _Outline()
        opened.draw_glyph_with_pen(info.codepoint, outline)
        offset = np.array([here + place.x_offset * em, place.y_offset * em])
        contours += [np.concatenate(contour) * em + offset for contour in outline.contours]
        here += place.x_advance * em
    return here - x


class _Outline:
    """Takes a glyph's curves and keeps polygons."""

    def __init__(self) -> None:
        self.contours: list[list[Array]] = []

    def moveTo(self, to: tuple[float, float]) -> None:  # noqa: N802 - the names are the library's
        self.contours.append([np.array([to], float)])

    def lineTo(self, to: tuple[float, float]) -> None:  # noqa: N802
        self.contours[-1].append(np.array([to], float))

    def qCurveTo(self, by: tuple[float, float], to: tuple[float, float]) -> None:  # noqa: N802
        start = self.contours[-1][-1][-1]
        self.contours[-1].append(
            start * (1 - STEPS) ** 2 + np.multiply(by, 2 * STEPS * (1 - STEPS)) + np.multiply(to, STEPS**2)
        )

    def curveTo(self, by: tuple[float, float], then: tuple[float, float], to: tuple[float, float]) -> None:  # noqa: N802
        start, rest = self.contours[-1][-1][-1], 1 - STEPS
        bent = np.multiply(by, 3 * STEPS * rest**2) + np.multiply(then, 3 * STEPS**2 * rest)
        self.contours[-1].append(start * rest**3 + bent + np.multiply(to, STEPS**3))

    def closePath(self) -> None:  # noqa: N802
        pass

    def endPath(self) -> None:  # noqa: N802
        pass
