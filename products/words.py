"""What search takes for a word: folded so that “Crème”, “CREME” and “creme” are one, and “loaves” finds “loaf”."""

import unicodedata
from functools import lru_cache

WORD_LENGTH = 40
SMALL_WORDS = {
    "a",
    "an",
    "and",
    "as",
    "at",
    "by",
    "for",
    "from",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "the",
    "to",
    "with",
}
PLURALS = (("ries", "ry"), ("aves", "af"), ("s", ""))
NO_PLURALS = ("ss", "us", "is")


def words(text: str) -> list[str]:
    """The words of a text in their order: no accents, lower case, singular, letters and digits of any script."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return [_singular(word)[:WORD_LENGTH] for word in plain.translate(_LETTERS).split()]


class _Letters(dict[int, str]):
    """For `str.translate`: each sign is worked out once. A shop uses few, and there is an end to them."""

    def __missing__(self, code: int) -> str:
        self[code] = _letter(chr(code))
        return self[code]


_LETTERS = _Letters()


def _letter(sign: str) -> str:
    """Accents and apostrophes vanish, signs that write a vowel stay, everything else parts two words."""
    if unicodedata.combining(sign) or sign in "'’":
        return ""
    return sign if sign.isalnum() or unicodedata.category(sign) in ("Mc", "Mn") else " "


@lru_cache(maxsize=8192)
def _singular(word: str) -> str:
    """Only what a bakery needs: berries, pastries, loaves, cookies. Names like “couscous” stay whole."""
    if len(word) < 4 or word.endswith(NO_PLURALS):
        return word
    for ending, singular in PLURALS:
        if word.endswith(ending):
            return word.removesuffix(ending) + singular
    return word


def trigrams(word: str) -> set[str]:
    """Three letters at a time; a word's beginning counts twice, since few people mistype it."""
    framed = f"  {word} "
    return {framed[start : start + 3] for start in range(len(framed) - 2)}


def distance(one: str, other: str) -> int:
    """Letters to add, leave out, change, or swap with their neighbour, to come from one word to the other."""
    before, row = [], list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, above, row = row, before, [i]
        for j, sign in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != sign)))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sign:
                row[j] = min(row[j], above[j - 2] + 1)
    return row[-1]
