"""Documents and listings: one row a product that holds all a page and a listing need, read without a join.

Workers write it, each row behind its version. Listings that are not in the cache are read from here.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from scaling.cache import Built
from scaling.fence import Entry

from .models import Document

SORTS = ("newest", "price", "rating", "name", "baked")
NOT_TODAY = 24 * 60
NAME_LENGTH = 40


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
    member = f"{row['sort_name']}|{data['id']}"
    return [
        (listing_key(category, tag, sort), score, member)
        for category in (None, data["category_id"])
        for tag in ("", *data["tags"])
        for sort, score in scores(row).items()
    ]


def matching(category_id: int | None, tags: Iterable[str] = (), *, in_stock: bool = False) -> "QuerySet[Document]":
    """The documents of a category (None: of all) that carry all the tags."""
    found = Document.objects.all()
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
        yield scores(row)[sort], f"{row['sort_name']}|{row['product_id']}"


def ids(found: "QuerySet[Document]", sort: str, first: int, last: int) -> tuple[int, list[int]]:
    """How many documents there are, and the ids from rank `first` to `last` of the order `sort`."""
    ordered = found.order_by(*ORDERS[sort]).values_list("product_id", flat=True)
    return found.count(), list(ordered[first : last + 1])


def write(built: dict[int, Built], shape: str) -> None:
    """Store documents, each unless a newer one is there. A few statements for any number."""
    known = dict(Document.objects.filter(pk__in=built).values_list("pk", "version"))
    new = [document(pk, one, shape) for pk, one in built.items() if pk not in known]
    changed = [document(pk, one, shape) for pk, one in built.items() if known.get(pk, one.version + 1) <= one.version]
    Document.objects.bulk_create(new, ignore_conflicts=True, batch_size=100)
    for one in changed:
        fields = {
            field.attname: getattr(one, field.attname) for field in Document._meta.fields if not field.primary_key
        }
        Document.objects.filter(pk=one.pk, version__lte=one.version).update(**fields)


def document(pk: int, built: Built, shape: str) -> Document:
    return Document(product_id=pk, version=built.version, shape=shape, data=built.data, **columns(built.data))


def remove(pks: Iterable[int], *, before: int) -> None:
    """Drop the documents of what was absent at `before` (microseconds); one that came into being since is newer."""
    Document.objects.filter(pk__in=list(pks), version__lte=before).delete()
