"""The index of search: which words a product holds and what they weigh there, in plain rows without a join.

Workers write it after a product is assembled, each product behind a version of its own: its document may lie in
another database. The vocabulary in `Trigram` only grows: a word that no product holds any more is harmless, because a
correction is shown only when it finds something.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from scaling.reading import Built
from scaling.retries import retried

from .models import Category, Term, Trigram, WordsVersion
from .words import SMALL_WORDS, trigrams, words

NAME_WEIGHT = 8
MOST_WORDS = 300
VOCABULARY = ""  # the row under this trigram says that the word and all its trigrams are stored


def index_entries(data: dict, category: str = "") -> dict[str, int]:
    """What each word of a product weighs: 8 or more when its name holds it, 7 at most when only others do."""
    texts = data.get("texts", {})
    kinds = {kind: f"{text.get('title', '')} {text['body']}" for kind, text in texts.items()}
    named = " ".join([category, *(tag["name"] for tag in data.get("tags_named", ()))])
    others = [(4, named), (3, data["about"]), (2, kinds.get("ingredients", "")), (1, kinds.get("story", ""))]
    entries: dict[str, int] = {}
    for weight, text in others:
        for word in set(words(text)):
            entries[word] = min(entries.get(word, 0) + weight, NAME_WEIGHT - 1)
    for word in set(words(data["name"])):
        entries[word] = entries.get(word, 0) + NAME_WEIGHT
    kept = {word: weight for word, weight in entries.items() if word not in SMALL_WORDS}
    if len(kept) > MOST_WORDS:
        heaviest = sorted(kept, key=lambda word: (-kept[word], word))
        kept = {word: kept[word] for word in heaviest[:MOST_WORDS]}
    return kept


def indexes_of(products: Mapping[int, dict]) -> dict[int, dict[str, int]]:
    """The words of these products, given as {id: data}, as they should be stored."""
    categories = {data["category_id"] for data in products.values()}
    names = dict(Category.objects.filter(pk__in=categories).values_list("pk", "name"))
    return {pk: index_entries(data, names.get(data["category_id"], "")) for pk, data in products.items()}


def stored_indexes(ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """The words that are stored of those that have any."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = Term.objects.filter(product_id__in=list(ids)).values_list("product_id", "term", "weight")
    for pk, term, weight in rows:
        found[pk][term] = weight
    return found


@retried
@transaction.atomic
def write(built: Mapping[int, Built]) -> None:
    """Store the words of these builds, each unless those of a newer one are there; who is gone has none."""
    stored = _locked_versions(built)
    ours = {pk: one for pk, one in built.items() if one.version >= stored[pk]}
    store_indexes({pk: one.data for pk, one in ours.items() if one.data is not None})
    forget_indexes([pk for pk, one in ours.items() if one.data is None])
    _note_versions({pk: one.version for pk, one in ours.items() if one.version != stored[pk]})


def store_indexes(products: dict[int, dict]) -> None:
    """Replace the rows of these products, given as {id: data}, touching only what differs."""
    with transaction.atomic():  # reads in here are the primary's
        entries = indexes_of(products)
        wanted = {(pk, term): weight for pk, words in entries.items() for term, weight in words.items()}
        _replace(products, wanted)
        _learn({term for _, term in wanted})


def forget_indexes(ids: Iterable[int]) -> None:
    """Products that are gone or hidden are found no more."""
    Term.objects.filter(product_id__in=list(ids)).delete()


def _locked_versions(ids: Iterable[int]) -> dict[int, int]:
    """The versions that the words of these are of, each held by us until the end of the transaction."""
    ids = sorted(ids)
    rows = WordsVersion.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    found = dict(rows.values_list("pk", "version"))
    missing = [WordsVersion(product_id=pk, version=0) for pk in ids if pk not in found]
    if missing:
        WordsVersion.objects.bulk_create(missing, ignore_conflicts=True)
        found = dict(rows.values_list("pk", "version"))
    return found


def _note_versions(versions: Mapping[int, int]) -> None:
    """Of rows that are locked."""
    WordsVersion.objects.bulk_create(
        [WordsVersion(product_id=pk, version=version) for pk, version in versions.items()],
        update_conflicts=True,
        update_fields=["version"],
        unique_fields=["product_id"] if connection.features.supports_update_conflicts_with_target else None,
    )


def _replace(products: Iterable[int], wanted: dict[tuple[int, str], int]) -> None:
    stored = Term.objects.filter(product_id__in=list(products)).values_list("pk", "product_id", "term", "weight")
    stale = []
    for row, pk, term, weight in stored:
        if wanted.get((pk, term)) == weight:
            del wanted[pk, term]
        else:
            stale.append(row)
    if stale:
        Term.objects.filter(pk__in=stale).delete()
    rows = [Term(product_id=pk, term=term, weight=weight) for (pk, term), weight in wanted.items()]
    Term.objects.bulk_create(rows, ignore_conflicts=True)  # another worker may have stored the same product


def _learn(terms: set[str]) -> None:
    known = Trigram.objects.filter(trigram=VOCABULARY, term__in=list(terms)).values_list("term", flat=True)
    new = terms.difference(known)
    rows = [Trigram(trigram=part, term=term) for term in sorted(new) for part in trigrams(term) | {VOCABULARY}]
    Trigram.objects.bulk_create(rows, ignore_conflicts=True)
