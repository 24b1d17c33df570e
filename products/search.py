"""Search over plain rows: the same statements on SQLite, MariaDB and a store that cannot join.

A product is found when it holds every word; the last word may be the beginning of one. Work is bounded: so many
words, so many rows a word, and one statement more for the words whose rows were cut off.
"""

from dataclasses import dataclass, field

from django.db.models import Q

from .models import Term
from .search_index import NAME_WEIGHT
from .spelling import corrections
from .words import SMALL_WORDS, words

QUERY_LENGTH = 200
MOST_WORDS = 6
MOST_ROWS = 2000  # of one word
NAME_FIRST = 1000  # outweighs every sum of weights
AFTER_ALL_LETTERS = "\U0010ffff"


@dataclass(frozen=True)
class Results:
    """One page of product ids, best first. `corrected` is the query that was answered when not the one asked."""

    ids: list[int] = field(default_factory=list)
    total: int = 0
    words_used: list[str] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    corrected: str = ""


@dataclass
class Found:
    """The products of one word: {id: score}, the terms that brought them: {term: ids}, and whether these are all."""

    word: str
    is_prefix: bool
    scores: dict[int, int] = field(default_factory=dict)
    terms: dict[str, set[int]] = field(default_factory=dict)
    is_complete: bool = True

    @property
    def condition(self) -> Q:
        if self.is_prefix:
            return Q(term__gte=self.word, term__lt=self.word + AFTER_ALL_LETTERS)
        return Q(term=self.word)

    def add(self, term: str, pk: int, weight: int) -> None:
        score = weight * (2 if term == self.word else 1) + (NAME_FIRST if weight >= NAME_WEIGHT else 0)
        self.scores[pk] = max(score, self.scores.get(pk, 0))
        self.terms.setdefault(term, set()).add(pk)


def search(q: str, page: int = 1, size: int = 24) -> Results:
    """A page of what was asked for; when nothing is found, of the nearest query that finds something."""
    asked = _query_words(q)
    ranked, unknown = _ranked(asked)
    if ranked or not asked:
        return _results(ranked, asked, page, size)
    answers = [(other, _ranked(other)[0]) for other in corrections(asked, unknown)]
    answers = [(other, ids) for other, ids in answers if ids]
    if not answers:
        return Results(words_used=asked)
    best, *others = [" ".join(other) for other, _ in answers]
    return _results(answers[0][1], answers[0][0], page, size, corrected=best, suggestions=others)


def suggest(q: str, size: int = 6) -> dict[str, list]:
    """Product ids and words for a half-typed query, in three statements at most."""
    asked = _query_words(q)
    if not asked:
        return {"products": [], "words": []}
    *before, last = asked
    found = _look_up([*sorted(before, key=len)[-1:], last])
    ids = _sorted(found)
    ends = {term: len(pks.intersection(ids)) for term, pks in found[-1].terms.items() if term != last}
    likely = sorted((term for term in ends if ends[term]), key=lambda term: (-ends[term], term))
    return {"products": ids[:size], "words": [" ".join([*before, end]) for end in likely[:size]]}


def _query_words(q: str) -> list[str]:
    every = list(dict.fromkeys(words(q[:QUERY_LENGTH])))
    return [word for word in every if word not in SMALL_WORDS or word == every[-1]][:MOST_WORDS]


def _results(ids: list[int], used: list[str], page: int, size: int, **more) -> Results:
    start = (max(page, 1) - 1) * size
    return Results(ids=ids[start : start + size], total=len(ids), words_used=used, **more)


def _ranked(asked: list[str]) -> tuple[list[int], set[str]]:
    """The ids that hold every word, best first, and the words that none holds."""
    found = _look_up(asked)
    return _sorted(found), {each.word for each in found if not each.scores}


def _sorted(found: list[Found]) -> list[int]:
    """Name matches first, then the sum of the weights, ties by id."""
    if not found:
        return []
    ids = set.intersection(*(set(each.scores) for each in found))
    return sorted(ids, key=lambda pk: (-sum(each.scores[pk] for each in found), pk))


def _look_up(asked: list[str]) -> list[Found]:
    found = [Found(word, is_prefix=word == asked[-1]) for word in asked]
    for each in found:
        rows = Term.objects.filter(each.condition).order_by("term", "-weight", "product_id")
        rows = list(rows.values_list("term", "product_id", "weight")[: MOST_ROWS + 1])
        each.is_complete = len(rows) <= MOST_ROWS
        for row in rows[:MOST_ROWS]:
            each.add(*row)
    cut_off = [each for each in found if not each.is_complete]
    if cut_off and len(found) > 1:
        _complete(cut_off, _candidates(found))
    return found


def _candidates(found: list[Found]) -> list[int]:
    """The products that may hold every word: those of the complete ones, else the best of each word."""
    complete = [set(each.scores) for each in found if each.is_complete]
    if complete:
        return sorted(set.intersection(*complete))
    any_word = set().union(*(each.scores for each in found))
    return sorted(any_word, key=lambda pk: (-sum(each.scores.get(pk, 0) for each in found), pk))[:MOST_ROWS]


def _complete(cut_off: list[Found], candidates: list[int]) -> None:
    wanted = Q(term__in=[each.word for each in cut_off if not each.is_prefix])
    for each in cut_off:
        wanted |= each.condition if each.is_prefix else Q()
    rows = Term.objects.filter(wanted, product_id__in=candidates) if candidates else Term.objects.none()
    for term, pk, weight in rows.values_list("term", "product_id", "weight"):
        for each in cut_off:
            if term == each.word or (each.is_prefix and term.startswith(each.word)):
                each.add(term, pk, weight)
