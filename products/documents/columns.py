"""What a document is sorted and filtered by, and the listings it stands in."""

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import product

from scaling.cache import Built
from scaling.fence import Entry, Place

from ..models import Document

SORTS = ("newest", "price", "rating", "name", "baked")
ORDERS = {
    "newest": ["-created", "sort_name", "product_id"],
    "price": ["price", "sort_name", "product_id"],
    "-price": ["-price", "-sort_name", "-product_id"],
    "rating": ["-rating", "sort_name", "product_id"],
    "name": ["sort_name", "product_id"],
    "baked": ["baked", "sort_name", "product_id"],
}
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
    member, of_sort = member_of(data["id"], row["sort_name"]), scores(row)
    return [
        (listing_key(category, tag, sort), of_sort[sort], member)
        for category, tag, sort in _shelves(data["category_id"], data["tags"])
    ]


def member_of(pk: int, name: str) -> str:
    return f"{name}|{pk}"


def places_of(row: Document) -> set[Place]:
    """Where a product stands as its document says."""
    member, tags = member_of(row.product_id, row.sort_name), [tag for tag in row.tags.split("|") if tag]
    return {(listing_key(*shelf), member) for shelf in _shelves(row.category_id, tags)}


def left_behind(one: Built, row: Document | None) -> list[Place]:
    """Where a product may stand and should not, once this build follows that document."""
    if row is None:
        return []
    before = {(listing, member) for listing, member in row.left} | (set() if row.is_gone else places_of(row))
    return sorted(before - {(listing, member) for listing, _, member in one.entries})


def document_of(pk: int, one: Built, shape: str, left: list[Place]) -> Document:
    return Document(
        product_id=pk, version=one.version, shape=shape, data=one.data, left=left, is_gone=False, **columns(one.data)
    )


def gone(pk: int, version: int, shape: str) -> Document:
    """Of a product that never had a document."""
    nothing = {"category_id": 0, "sort_name": "", "tags": "", "band": "out", "data": {}, "left": []}
    zeros = dict.fromkeys(("price", "rating", "baked", "created"), 0)
    return Document(product_id=pk, version=version, shape=shape, is_gone=True, **nothing, **zeros)


def _shelves(category_id: int, tags: Iterable[str]) -> Iterator[tuple[int | None, str, str]]:
    return product((None, category_id), ("", *tags), SORTS)
