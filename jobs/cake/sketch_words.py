"""The inscription of the sketch: broken into balanced lines and laid flat onto the cake by a squeezed coordinate."""

import html
import unicodedata

from wcwidth import wcswidth

from .design import Design
from .inscription import MAX_LINES, graphemes
from .pencil import element, group, number

# Widths in em, in the italic of the page: rather too wide than over the edge.
CELL, CAPITAL, BROAD = 0.52, 0.68, 0.9
LEADING = 1.02
SQUEEZE = 0.5
LARGEST = (52, 40, 28)
# Circles narrow towards their edge: how much of the diameter the lines may take, by how many they are.
ROOM = (0.96, 0.9, 0.86)


def words(design: Design, x: float, y: float, radius: float) -> str:
    """The inscription, centred on (x, y) within a circle that lies there."""
    lines = broken(design.inscription)
    size = min(LARGEST[len(lines) - 1] * radius / 96, 2 * radius * ROOM[len(lines) - 1] / max(map(_ems, lines)))
    rows = [_row(line, place - (len(lines) - 1) / 2, size, design.letters_colour) for place, line in enumerate(lines)]
    return group(rows, transform=f"translate({number(x)} {number(y)}) scale(1 {SQUEEZE})")


def broken(text: str) -> list[str]:
    """The customer's own lines, or else words in up to three lines of about the same length."""
    if "\n" in text:
        return text.split("\n")
    count = 1 + (_ems(text) > 4.5) + (_ems(text) > 9)
    pieces = [word + " " for word in text.split(" ")]
    if len(pieces) < count:
        pieces = graphemes(text) if max(map(_ems, pieces)) > 8 else pieces
    want, lines = sum(map(_ems, pieces)) / count, [""]
    for piece in pieces:
        if lines[-1] and _ems(lines[-1]) + _ems(piece) / 2 > want and len(lines) < MAX_LINES:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _row(line: str, place: float, size: float, colour: str) -> str:
    ink: dict[str, str | float] = {"text_anchor": "middle", "stroke": "none", "fill": colour, "font_size": size}
    if _is_rightwards(line):
        ink["direction"] = "rtl"
    return element("text", html.escape(line), class_="it", y=(place * LEADING + 0.32) * size, **ink)


def _ems(line: str) -> float:
    return sum(map(_em, graphemes(line)))


def _em(letter: str) -> float:
    if letter[0] in "MWmw@%":
        return BROAD
    return CAPITAL if letter[0].isupper() else max(1, wcswidth(letter)) * CELL


def _is_rightwards(line: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    strong = (kind for letter in line if (kind := unicodedata.bidirectional(letter)) in ("L", "R", "AL"))
    return next(strong, "L") != "L"
