"""Corrections for mistyped words: the vocabulary's nearest by shared trigrams, then by slips of the finger."""

from itertools import islice, product

from django.db.models import Count

from .models import Trigram
from .words import distance, trigrams

MOST_NEIGHBOURS = 60
MOST_CORRECTIONS = 3


def corrections(asked: list[str], unknown: set[str]) -> list[list[str]]:
    """Whole queries with the unknown words put right, the likeliest first; a word like no other is left out."""
    if not unknown:
        return []
    choices = [_neighbours(word) if word in unknown else [word] for word in asked]
    choices = [words_like_it for words_like_it in choices if words_like_it]
    return [list(query) for query in islice(product(*choices), MOST_CORRECTIONS)] if choices else []


def _neighbours(word: str) -> list[str]:
    """Words of the vocabulary at most two slips away, one for a short word, nearest first."""
    own = trigrams(word)
    shared = Trigram.objects.filter(trigram__in=own).values_list("term").annotate(shared=Count("term"))
    likeness = {
        term: 2 * count / (len(own) + len(trigrams(term)))
        for term, count in shared.order_by("-shared", "term")[:MOST_NEIGHBOURS]
    }
    slips = {term: distance(word, term) for term in likeness}
    near = [term for term in likeness if slips[term] <= (1 if len(word) < 5 else 2)]
    return sorted(near, key=lambda term: (slips[term], -likeness[term], term))[:MOST_CORRECTIONS]
