"""The icing pens of the render worker: open fonts from wheels, in the order in which they are tried.

Lobster first, for beauty; Comfortaa, round as if it were piped, for Greek; Noto for everything else that is written.
Run as a module it writes `coverage.txt`, which is all that the web knows of fonts.
"""

import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import uharfbuzz

from .coverage import as_text

_SCRIPTS = (
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Oriya",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Thai",
    "Lao",
    "Myanmar",
    "Georgian",
    "Armenian",
    "Ethiopic",
    "Khmer",
)
# Left to no font: what shows nothing (fillers, joiners, selectors), and parts of emoji that mean nothing alone.
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp")
_FILLERS = frozenset({0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC, 0xFFFD})
_SELECTORS = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_EMOJI_PARTS = ((0x20E3, 0x20E3), (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF))


@dataclass(frozen=True, slots=True)
class Pen:
    """A font file, its weight where that can be chosen, and how large it is drawn beside the others."""

    package: str
    file: str
    weight: int | None = None
    size: float = 1.0
    index: int = 0


PENS: dict[str, Pen] = {
    "lobster": Pen("fontpkg_lobster", "files/Lobster-Regular.ttf"),
    "comfortaa": Pen("fontpkg_comfortaa", "files/Comfortaa[wght].ttf", 700, 0.94),
    "sans": Pen("manimgx_fonts", "NotoSans[wght].ttf", 700, 0.92),
    **{name.lower(): Pen("manimgx_fonts", f"NotoSans{name}[wght].ttf", 700, 0.95) for name in _SCRIPTS},
    "cjk": Pen("manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc", 700, 0.95, index=2),
    "emoji": Pen("manimgx_fonts", "NotoEmoji[wght].ttf", 600, 0.9),
    "symbols": Pen("manimgx_fonts", "NotoSansSymbols[wght].ttf", 700, 0.9),
}


@cache
def font(name: str) -> uharfbuzz.Font:
    """A pen ready to shape and to draw."""
    pen = PENS[name]
    opened = uharfbuzz.Font(_face(name))
    if pen.weight:
        opened.set_variations({"wght": pen.weight})
    return opened


def letters(name: str) -> Iterator[int]:
    """The code points that a pen may be asked for."""
    return (point for point in _face(name).unicodes if _is_letter(point))


@cache
def _face(name: str) -> uharfbuzz.Face:
    pen = PENS[name]
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(files(pen.package) / pen.file)), pen.index)


def _is_letter(point: int) -> bool:
    if point in _FILLERS or any(first <= point <= last for first, last in (*_SELECTORS, *_EMOJI_PARTS)):
        return False
    return unicodedata.category(chr(point)) not in _INVISIBLE


if __name__ == "__main__":
    sys.stdout.write(as_text({name: letters(name) for name in PENS}))
