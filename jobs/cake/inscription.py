"""What is written on a cake: text by a stranger, made safe and plain before anybody else sees it.

Text can hide things: it can turn the direction of what follows, pile marks up, or show nothing at all. Whatever has
no ink of its own is refused, and so is what our pens cannot write, with the letters named, so that the customer can
change them. What passes is NFC, of at most three lines, and every grapheme of it will be drawn.
"""

import re
import unicodedata

from wcwidth import iter_graphemes

from .coverage import font_of

MAX_GRAPHEMES = 60
MAX_LINES = 3
MAX_MARKS = 3
# Far more than 60 graphemes with marks need: longer text is not even looked at.
MAX_POINTS = 600
NAMED = 8
# They only ask for a colourful or a plain form of the emoji before them; icing has one form.
_FORMS = {0xFE0E: None, 0xFE0F: None}
# A joiner between two emoji shows: it makes one of them. Our pens cannot write that one, and say so of the whole.
_JOINED = re.compile("(?<=[\u2600-\u27bf\U0001f300-\U0001faff])\u200d(?=[\u2600-\u27bf\U0001f300-\U0001faff])")
# Letters by their kind that show nothing: fillers of Hangul, and braille without a dot.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


class Unwritable(ValueError):
    """An inscription that cannot be piped. The message is for the customer; `letters` are those that it is about."""

    field = "inscription"

    def __init__(self, message: str, letters: tuple[str, ...] = ()) -> None:
        super().__init__(f"{self.field}: {message}")
        self.message, self.letters = message, letters


def checked(text: str) -> str:
    """The inscription in NFC, spaces and empty lines tidied, lines apart by a newline. Raises `Unwritable`."""
    if len(text) > MAX_POINTS:
        raise Unwritable(f"There is room for {MAX_GRAPHEMES} letters.")
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").translate(_FORMS)
    _refuse_hidden(plain)
    lines = [" ".join(line.split()) for line in unicodedata.normalize("NFC", plain).split("\n")]
    lines = [line for line in lines if line]
    _measure(lines)
    _refuse_unknown("".join(lines))
    return "\n".join(lines)


def graphemes(line: str) -> list[str]:
    """What a reader calls letters: a base with its marks, an emoji, a syllable of Hangul."""
    return list(iter_graphemes(line))


def _refuse_hidden(text: str) -> None:
    lines = _JOINED.sub("", text).replace("\n", "")
    hidden = [letter for letter in lines if unicodedata.category(letter) in _HIDDEN]
    if hidden:
        letters = _named(hidden)
        raise Unwritable(f"There are signs in it that cannot be seen: {', '.join(letters)}. Leave them out.", letters)


def _measure(lines: list[str]) -> None:
    count = sum(len(graphemes(line)) for line in lines)
    if not count:
        raise Unwritable("Write at least one letter.")
    if len(lines) > MAX_LINES:
        raise Unwritable(f"There is room for {MAX_LINES} lines, and these are {len(lines)}.")
    if count > MAX_GRAPHEMES:
        raise Unwritable(f"There is room for {MAX_GRAPHEMES} letters, and these are {count}.")


def _refuse_unknown(text: str) -> None:
    letters = [letter for letter in graphemes(text) if letter != " "]
    piled = [letter for letter in letters if _marks(letter) > MAX_MARKS]
    if piled:
        raise Unwritable(f"No letter may carry more than {MAX_MARKS} marks.", _named(piled))
    unknown = [letter for letter in letters if _is_mark(letter[0]) or font_of(letter) is None]
    if unknown:
        named = _named(unknown)
        raise Unwritable(f"Our icing pens cannot write {', '.join(named)}.", named)


def _is_mark(point: str) -> bool:
    return unicodedata.category(point).startswith("M")


def _marks(grapheme: str) -> int:
    return sum(map(_is_mark, unicodedata.normalize("NFD", grapheme)))


def _named(letters: list[str]) -> tuple[str, ...]:
    """Each once and no more than fit a sentence; those that show nothing by their number and name."""
    return tuple(map(_name, list(dict.fromkeys(letters))[:NAMED]))


def _name(grapheme: str) -> str:
    point = grapheme[0]
    is_seen = point not in _BLANK and unicodedata.category(point) not in (*_HIDDEN, "Cn")
    if is_seen and not _is_mark(point) and _marks(grapheme) <= MAX_MARKS:
        return grapheme
    return f"U+{ord(point):04X} {unicodedata.name(point, '')}".strip()
