"""Documents and listings: one row a product that holds all a page and a listing need, read without a join.

Workers write it, each row behind its version. Listings that are not in the cache are read from here.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import QuerySet

from scaling.cache import Built
from scaling.fence import Entry, Place

from .models import Document

SORTS = ("newest", "price", "rating", "name", "baked")
NOT_TODAY = 24 * 60
NAME_LENGTH = 40
BATCH = 100  # rows a statement: each holds a whole product


def sort_name(name: str) -> str:
    """A name as it is ordered: without accents and case."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    return plain.casefold().replace("|", " ")[:NAME_LENGTH]


def columns(data: dict) -> dict:
    """What listings sort and filter by."""
    hours, _, minutes = data["baked"].partition(":")
    return {
        "category_id": data["category_id"],
        "sort_name": sort_name(data["name"]),
        "tags": f"|{'|'.join(data['tags'])}|",
        "band": data["band"],
        "price": data["price"],
        "rating": round((data["rating"] or 0) * 1000),
        "baked": int(hours) * 60 + int(minutes) if hours else NOT_TODAY,
        "created": int(datetime.fromisoformat(data["created"]).timestamp() * 1_000_000),
    }


def scores(row: dict) -> dict[str, float]:
    """The place of a row in each order; lower comes first, and names part equals."""
    return {
        "newest": -row["created"],
        "price": row["price"],
        "rating": -row["rating"],
        "name": 0,
        "baked": row["baked"],
    }


def listing_key(category_id: int | None, tag: str, sort: str) -> str:
    return f"l:products:{category_id or 'all'}:{tag}:{sort}"


def entries_of(data: dict) -> list[Entry]:
    """Every listing a product stands in: its category and all, each tag and none, in every order."""
    row = columns(data)
    member, of_sort = member_of(data["id"], row["sort_name"]), scores(row)
    return [
        (listing_key(category, tag, sort), of_sort[sort], member)
        for category, tag, sort in _shelves(data["category_id"], data["tags"])
    ]


def member_of(pk: int, name: str) -> str:
    return f"{name}|{pk}"


def _shelves(category_id: int, tags: Iterable[str]) -> Iterator[tuple[int | None, str, str]]:
    return product((None, category_id), ("", *tags), SORTS)


def places_of(row: Document) -> set[Place]:
    """Where a product stands as its document says."""
    member, tags = member_of(row.product_id, row.sort_name), [tag for tag in row.tags.split("|") if tag]
    return {(listing_key(*shelf), member) for shelf in _shelves(row.category_id, tags)}


def matching(category_id: int | None, tags: Iterable[str] = (), *, in_stock: bool = False) -> "QuerySet[Document]":
    """The documents of a category (None: of all) that carry all the tags."""
    found = Document.objects.filter(is_gone=False)
    if category_id:
        found = found.filter(category_id=category_id)
    for tag in tags:
        found = found.filter(tags__contains=f"|{tag}|")
    return found.exclude(band="out") if in_stock else found


ORDERS = {
    "newest": ["-created", "sort_name", "product_id"],
    "price": ["price", "sort_name", "product_id"],
    "-price": ["-price", "-sort_name", "-product_id"],
    "rating": ["-rating", "sort_name", "product_id"],
    "name": ["sort_name", "product_id"],
    "baked": ["baked", "sort_name", "product_id"],
}


def rows(category_id: int | None, tag: str, sort: str) -> Iterator[tuple[float, str]]:
    """All rows of one listing, for a rebuild."""
    fields = ["product_id", "sort_name", "created", "price", "rating", "baked"]
    for row in matching(category_id, [tag] if tag else []).values(*fields).iterator(chunk_size=1000):
        yield scores(row)[sort], member_of(row["product_id"], row["sort_name"])


def ids(found: "QuerySet[Document]", sort: str, first: int, last: int) -> tuple[int, list[int]]:
    """How many documents there are, and the ids from rank `first` to `last` of the order `sort`."""
    ordered = found.order_by(*ORDERS[sort]).values_list("product_id", flat=True)
    return found.count(), list(ordered[first : last + 1])


def read(ids: Sequence[int], shape: str) -> list[Document]:
    """The documents of this form that there are, from wherever this request reads."""
    return list(Document.objects.filter(pk__in=ids, shape=shape))


def write(built: Mapping[int, Built], shape: str) -> dict[int, list[Place]]:
    """Store documents, each unless a newer one is there. What exists no longer is marked as gone, and stays so: an
    older build that comes late finds it and is not written. In one transaction, and a few statements for any number.
    Answers those that were written, each with its places in listings where it may stand and should not: they are kept
    with the document until `settle`."""
    with transaction.atomic():
        rows = Document.objects.select_for_update().defer("data").filter(pk__in=built).order_by("pk")
        known = {row.pk: row for row in rows}
        places = {
            pk: _left_behind(one, known.get(pk))
            for pk, one in sorted(built.items())
            if pk not in known or known[pk].version <= one.version
        }
        there = [_document(pk, built[pk], shape, left) for pk, left in places.items() if built[pk].data is not None]
        gone = [_gone(pk, built[pk].version, shape) for pk in places.keys() - known.keys() if built[pk].data is None]
        _insert([*gone, *(row for row in there if row.pk not in known)], places)
        _replace([row for row in there if row.pk in known])
        for pk in places.keys() & known.keys():
            if built[pk].data is None:
                _mark_gone(pk, built[pk].version, places[pk])
    return places


def settle(built: Mapping[int, Built]) -> None:
    """The places of these have been left: nothing has to be kept of them."""
    for pk, one in built.items():
        Document.objects.filter(pk=pk, version=one.version).update(left=[])


def _left_behind(one: Built, row: Document | None) -> list[Place]:
    if row is None:
        return []
    before = {(listing, member) for listing, member in row.left} | (set() if row.is_gone else places_of(row))
    return sorted(before - {(listing, member) for listing, _, member in one.entries})


def _document(pk: int, one: Built, shape: str, left: list[Place]) -> Document:
    return Document(
        product_id=pk, version=one.version, shape=shape, data=one.data, left=left, is_gone=False, **columns(one.data)
    )


def _gone(pk: int, version: int, shape: str) -> Document:
    """Of a product that never had a document."""
    nothing = {"category_id": 0, "sort_name": "", "tags": "", "band": "out", "data": {}, "left": []}
    zeros = dict.fromkeys(("price", "rating", "baked", "created"), 0)
    return Document(product_id=pk, version=version, shape=shape, is_gone=True, **nothing, **zeros)


def _insert(rows: list[Document], places: dict[int, list[Place]]) -> None:
    """Those that somebody else has inserted meanwhile are not ours: they are taken out of `places`."""
    if not rows:
        return
    Document.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
    there = dict(Document.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "version"))
    for row in rows:
        if there.get(row.pk) != row.version:
            del places[row.pk]


def _replace(rows: list[Document]) -> None:
    """Rows that are locked."""
    names = [field.attname for field in Document._meta.fields if not field.primary_key]
    needs_target = connections[DEFAULT_DB_ALIAS].features.supports_update_conflicts_with_target
    Document.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=names,
        unique_fields=["product_id"] if needs_target else None,
        batch_size=BATCH,
    )


def _mark_gone(pk: int, version: int, left: list[Place]) -> None:
    Document.objects.filter(pk=pk).update(version=version, is_gone=True, left=left)
