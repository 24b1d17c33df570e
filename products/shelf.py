"""What a visitor asks of a shelf: an order, tags, and whether it must be in stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.http import QueryDict

from scaling.cache import fetch
from scaling.flights import flights
from scaling.listings import Listing, Slice, known
from scaling.replicas import own_writes

from . import documents, straight
from .data import PRODUCTS, all_shelves, tags_of

DEFAULT_SORT = "baked"
MOST_TAGS = 4


def listing_of(category_id: int | None, tag: str, sort: str) -> Listing:
    """The listing kept in the cache for a category (None: all), a tag or "", and an order."""
    ascending = sort.removeprefix("-")
    return Listing(
        documents.listing_key(category_id, tag, ascending),
        PRODUCTS,
        rows=lambda: documents.rows(category_id, tag, ascending),
        ids=partial(ids_of, category_id, [tag] if tag else [], sort),
        is_reversed=sort.startswith("-"),
    )


def ids_of(
    category_id: int | None, tags: Sequence[str], sort: str, first: int, last: int, *, in_stock: bool = False
) -> tuple[int, list[int]]:
    """How many there are of a category (None: of all) that carry all the tags, and the ids from rank `first` to
    `last`: of the documents, or of the tables while they are away."""
    try:
        return documents.ids(documents.matching(category_id, tags, in_stock=in_stock), sort, first, last)
    except documents.AwayError:
        return straight.ids(category_id, tags, sort, first, last, in_stock=in_stock)


def listing_under(key: str) -> Listing | None:
    """The listing that is kept under a key of `documents.listing_key`."""
    _, _, category, tag, sort = key.split(":") if key.count(":") == 4 else [""] * 5
    if sort not in documents.SORTS or not (category == "all" or category.isdecimal()):
        return None
    return listing_of(None if category == "all" else int(category), tag, sort)


known["l:products:"] = listing_under


@dataclass(frozen=True)
class Sieve:
    category_id: int | None
    sort: str
    tags: tuple[str, ...]
    in_stock: bool

    @classmethod
    def of(cls, asked: QueryDict, category_id: int | None) -> "Sieve":
        """What was asked, as far as it makes sense."""
        sort = asked.get("sort", DEFAULT_SORT)
        tags = [
            tag for tag in dict.fromkeys(asked.getlist("tag")) if tag.replace("-", "").isalnum() and len(tag) <= 40
        ]
        return cls(
            category_id,
            sort if sort in documents.ORDERS else DEFAULT_SORT,
            tuple(tags[:MOST_TAGS]),
            asked.get("in") == "1",
        )

    def read(self, first: int, last: int) -> tuple[list[dict], list[dict], Slice]:
        """The shelves for the header, the tags they carry, and what was asked for from rank `first` to `last`.

        One tag or none is a listing of the cache: one round trip. Combinations are read from the documents,
        by few at once.
        """
        if len(self.tags) <= 1 and not self.in_stock:
            listing = listing_of(self.category_id, "".join(self.tags), self.sort)
            shelves, tags, goods = fetch(all_shelves(), tags_of(self.category_id), listing.slice(first, last))
            return shelves.cards, tags, goods
        with own_writes(), flights.reading():
            total, ids = ids_of(self.category_id, self.tags, self.sort, first, last, in_stock=self.in_stock)
        shelves, tags, cards = fetch(all_shelves(), tags_of(self.category_id), PRODUCTS.cards(ids))
        return shelves.cards, tags, Slice(total, list(cards.values()))

    def choices(self, carried: Sequence[dict]) -> list[dict]:
        """The tags that these shelves carry, with their counts and whether they are asked for."""
        counts: dict[tuple[str, str], int] = {}
        for of_shelf in carried:
            for tag in of_shelf["tags"]:
                pair = (tag["slug"], tag["name"])
                counts[pair] = counts.get(pair, 0) + tag["count"]
        return [
            {"slug": slug, "name": name, "count": count, "on": slug in self.tags}
            for (slug, name), count in sorted(counts.items(), key=lambda item: item[0][1])
        ]

    @property
    def query(self) -> str:
        """The query string that asks for this, without the page."""
        pairs = [("sort", self.sort)] if self.sort != DEFAULT_SORT else []
        pairs += [("tag", tag) for tag in self.tags]
        return urlencode([*pairs, ("in", "1")] if self.in_stock else pairs)
