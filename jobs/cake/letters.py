"""An inscription laid out on a round cake: broken into the lines that can be written largest, then made ink.

All ways to break it into up to three lines are tried by the widths of the words, so that sixty letters of any script
take milliseconds; only the best is then drawn.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from PIL import Image, ImageDraw

from .arrays import Array
from .inscription import MAX_LINES, graphemes
from .shaping import Written, pen_for, written

LEADING = 1.02
# What stands above and below the baseline of a line, in em, where lines are fitted into the circle.
ASCENT, DESCENT = 0.66, 0.14
# No larger than this share of the radius, by how many lines they are.
LARGEST = (0.72, 0.54, 0.52)
SPACE = 0.24
# A word wider than this is broken between any two letters.
WIDEST = 9.0
_BETWEEN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True)
class Layout:
    """Lines with their baselines in em above the middle of the circle, and the size of an em in cm."""

    lines: tuple[Written, ...]
    baselines: tuple[float, ...]
    em: float


def layout(text: str, radius: float) -> Layout:
    """The inscription as large as it fits into a circle."""
    hand = pen_for(text)
    lines = max(
        _breakings(text, hand), key=lambda lines: _size([written(line, hand).width for line in lines], radius)
    )
    drawn = tuple(written(line, hand) for line in lines)
    return Layout(drawn, _baselines(len(drawn)), _size([line.width for line in drawn], radius))


def ink(laid: Layout, radius: float, cell: float) -> Array:
    """Where there is ink: a square of booleans that spans the circle, a row at the top first, `cell` cm each."""
    half = int(radius / cell) + 8
    winding = np.zeros((2 * half, 2 * half), np.int8)
    scale = laid.em / cell
    for line, baseline in zip(laid.lines, laid.baselines, strict=True):
        for contour in line.contours:
            points = (contour - (line.width / 2, 0)) * (scale, -scale) + (half, half - baseline * scale)
            _fill(winding, points)
    return winding != 0


def _fill(winding: Array, points: Array) -> None:
    """Count a contour up or down by the way it runs, so that holes and overlaps come out right."""
    low = np.floor(points.min(0)).astype(int) - 1
    wide, high = (np.ceil(points.max(0)).astype(int) - low + 2).tolist()
    (left, top), inside = low.tolist(), points - low
    image = Image.new("1", (wide, high))
    ImageDraw.Draw(image).polygon([(x, y) for x, y in inside.tolist()], fill=1)
    x, y = points.T
    way = 1 if (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0 else -1
    rows, columns = winding.shape
    mask = np.asarray(image)[max(0, -top) : rows - top, max(0, -left) : columns - left]
    top, left = max(0, top), max(0, left)
    winding[top : top + mask.shape[0], left : left + mask.shape[1]] += (way * mask).astype(np.int8)


def _breakings(text: str, hand: str) -> Iterator[list[str]]:
    """The customer's own lines, or every way to break one into up to three."""
    if "\n" in text:
        yield text.split("\n")
        return
    pieces = [piece for word in text.split(" ") for piece in _pieces(word, hand)]
    widths = [written(piece.rstrip(), hand).width for piece in pieces]
    for count in range(1, min(MAX_LINES, len(pieces)) + 1):
        cuts = max(combinations(range(1, len(pieces)), count - 1), key=lambda cuts: _fitness(pieces, widths, cuts))
        edges = [0, *cuts, len(pieces)]
        yield ["".join(pieces[start:end]).rstrip() for start, end in pairwise(edges)]


def _pieces(word: str, hand: str) -> list[str]:
    """What must stay together on a line; a space follows the last."""
    if written(word, hand).width > WIDEST or _BETWEEN.search(word):
        *letters, last = graphemes(word)
        return [*letters, last + " "]
    return [word + " "]


def _fitness(pieces: list[str], widths: list[float], cuts: tuple[int, ...]) -> tuple[float, float]:
    """How large the lines of these breaks would be; of the equally large, the even ones are better."""
    edges = [0, *cuts, len(pieces)]
    lines = [
        sum(widths[start:end]) + SPACE * sum(piece.endswith(" ") for piece in pieces[start : end - 1])
        for start, end in pairwise(edges)
    ]
    return round(_size(lines, 1.0), 3), -float(np.var(lines))


def _baselines(count: int) -> tuple[float, ...]:
    middle = (ASCENT - (count - 1) * LEADING - DESCENT) / 2
    return tuple(-place * LEADING - middle for place in range(count))


def _size(widths: list[float], radius: float) -> float:
    """The em at which lines of these widths just fit into the circle."""
    corners = [
        np.hypot(width / 2, max(baseline + ASCENT, DESCENT - baseline))
        for width, baseline in zip(widths, _baselines(len(widths)), strict=True)
    ]
    return float(min(radius / max(corners), radius * LARGEST[len(widths) - 1]))
