"""`Product.data`: what a page shows of products, gathered part by part from the normalised tables.

Each part is one statement for any number of products, so that a worker assembles a hundred for the price of one.
The joins are made here, when something changes, and not by readers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from scaling.clock import moment_of

from .bands import stock_band
from .models import Picture, Price, Product, Review, Stock, Text

CARD = (
    *("id", "slug", "name", "about", "url", "category_id", "price", "was", "flag", "label", "until", "band"),
    *("rating", "reviews", "picture", "alt", "tags", "baked"),
)
BESIDE_CARD = ("created", "tags_named", "texts", "pictures", "tally", "verified", "latest", "related")
AUTHORS = "person"  # the kind of object that says who somebody is, whichever app declares it
LATEST_REVIEWS = 6
RELATED = 4

# What is read of each table, as named tuples: a model's instance costs more to make than all that is done with it.
PRODUCT = ("id", "slug", "name", "about", "category_id", "baked_at", "created_at")
PRICE = ("product_id", "cents", "label", "starts_at", "ends_at")
REVIEW = ("product_id", "id", "author_id", "rating", "body", "is_verified", "created_at")


class ProductData:
    """The data of some products, read from one alias inside one snapshot."""

    def __init__(self, ids: Sequence[int], alias: str, versions: Mapping[int, int]) -> None:
        """`versions` are of the same snapshot."""
        self.alias = alias
        self.now = timezone.now()
        self.as_of = {pk: as_of_version(versions.get(pk, 0)) for pk in ids}
        self.products = {row.id: row for row in self.read(Product.objects.published().filter(pk__in=ids), *PRODUCT)}

    def read(self, rows: QuerySet, *columns: str) -> list:
        """Named tuples of these columns."""
        return list(rows.using(self.alias).values_list(*columns, named=True))

    def assemble(self) -> dict[int, dict]:
        """The whole of each product that is published and has a price, by id."""
        parts = [
            self.prices(),
            self.texts(),
            self.pictures(),
            self.reviews(),
            self.stock(),
            self.tags(),
            self.related(),
        ]
        whole = {}
        for pk, product in self.products.items():
            data = self.basics(product)
            for part in parts:
                data |= part[pk]
            if data["price"] is not None:
                whole[pk] = data
        return whole

    def basics(self, product: Any) -> dict:
        return {
            "id": product.id,
            "slug": product.slug,
            "name": product.name,
            "about": product.about,
            "url": reverse("product", args=[product.id, product.slug]),
            "category_id": product.category_id,
            "created": product.created_at.isoformat(),
            "baked": f"{product.baked_at:%H:%M}" if product.baked_at else "",
        }

    def prices(self) -> dict[int, dict]:
        latest = max(self.as_of.values(), default=self.now)
        rows = Price.objects.filter(product__in=self.products).valid_between(self.now, latest)
        of_product = _grouped(self.read(rows, *PRICE))
        return {pk: price_now(valid_at(self.as_of[pk], of_product[pk])) for pk in self.products}

    def texts(self) -> dict[int, dict]:
        rows = Text.objects.filter(product__in=self.products)
        found = _grouped(self.read(rows, "product_id", "kind", "title", "body"))
        return {
            pk: {"texts": {row.kind: {"title": row.title, "body": row.body} for row in found[pk]}}
            for pk in self.products
        }

    def pictures(self) -> dict[int, dict]:
        rows = Picture.objects.filter(product__in=self.products).order_by("position", "id")
        of_product = _grouped(self.read(rows, "product_id", "stem", "alt"))
        found = {pk: [{"stem": row.stem, "alt": row.alt} for row in of_product[pk]] for pk in self.products}
        return {
            pk: {
                "pictures": pictures,
                "picture": pictures[0]["stem"] if pictures else "",
                "alt": pictures[0]["alt"] if pictures else "",
            }
            for pk, pictures in found.items()
        }

    def reviews(self) -> dict[int, dict]:
        rows = Review.objects.filter(product__in=self.products, is_hidden=False).order_by("-created_at", "-id")
        of_product = _grouped(self.read(rows, *REVIEW))
        return {pk: review_summary(of_product[pk]) for pk in self.products}

    def stock(self) -> dict[int, dict]:
        rows = self.read(Stock.objects.filter(product__in=self.products), "product_id", "quantity")
        bands = {row.product_id: stock_band(row.quantity) for row in rows}
        return {pk: {"band": bands.get(pk, "out")} for pk in self.products}

    def tags(self) -> dict[int, dict]:
        through = Product.tags.through.objects.filter(product__in=self.products).order_by("tag__name")
        of_product = _grouped(self.read(through, "product_id", "tag__slug", "tag__name"))
        found = {
            pk: [{"slug": row.tag__slug, "name": row.tag__name} for row in of_product[pk]] for pk in self.products
        }
        return {pk: {"tags_named": tags, "tags": [tag["slug"] for tag in tags]} for pk, tags in found.items()}

    def related(self) -> dict[int, dict]:
        through = Product.related.through.objects.filter(from_product__in=self.products).order_by("id")
        found = defaultdict(list)
        for row in self.read(through, "from_product_id", "to_product_id"):
            found[row.from_product_id].append(row.to_product_id)
        return {pk: {"related": found[pk][:RELATED]} for pk in self.products}


def as_of_version(version: int) -> datetime:
    """The moment to show an object of this version at: now, but not before the moment that raised the version."""
    return max(timezone.now(), moment_of(version))


def named_in(data: dict) -> list[tuple[str, int]]:
    """What the page of a product shows of others, by kind and id: their names are not copied, but read with it."""
    authors = dict.fromkeys(said["author_id"] for said in data["latest"])
    return [
        ("category", data["category_id"]),
        *(("product", pk) for pk in data["related"]),
        *((AUTHORS, pk) for pk in authors),
    ]


def card_of(data: dict) -> dict:
    """What listings and pages of other products show of a product."""
    return {key: data[key] for key in CARD}


def valid_at(moment: datetime, rows: Sequence[Any]) -> list:
    """Of price rows, those that are valid then."""
    return [row for row in rows if row.starts_at <= moment and (row.ends_at is None or row.ends_at > moment)]


def price_now(rows: Sequence[Any]) -> dict[str, Any]:
    """What a product costs, of the rows valid now: see `Price`. Without any row it cannot be bought."""
    regular = [row for row in rows if row.ends_at is None]
    cents = regular[-1].cents if regular else None
    offers = [row for row in rows if row.ends_at and (cents is None or row.cents < cents)]
    if not offers:
        return {"price": cents, "was": None, "flag": "", "label": "", "until": None}
    offer = min(offers, key=lambda row: row.cents)
    return {
        "price": offer.cents,
        "was": cents,
        "flag": f"−{round(100 - 100 * offer.cents / cents)}%" if cents else "",
        "label": offer.label,
        "until": offer.ends_at.isoformat(),
    }


def review_summary(rows: Sequence[Any]) -> dict[str, Any]:
    """The tally of all reviews, and the newest in full. `rows` are the newest first."""
    tally = {str(stars): sum(row.rating == stars for row in rows) for stars in range(5, 0, -1)}
    return {
        "reviews": len(rows),
        "rating": round(sum(row.rating for row in rows) / len(rows), 2) if rows else None,
        "verified": sum(row.is_verified for row in rows),
        "tally": tally,
        "latest": [review_data(row) for row in rows[:LATEST_REVIEWS]],
    }


def review_data(row: Any) -> dict[str, Any]:
    """What is shown of a review; `row` has the columns REVIEW."""
    return {
        "id": row.id,
        "author_id": row.author_id,
        "rating": row.rating,
        "body": row.body,
        "verified": row.is_verified,
        "at": row.created_at.isoformat(),
    }


def _grouped(rows: Sequence[Any]) -> defaultdict[int, list]:
    found: defaultdict[int, list] = defaultdict(list)
    for row in rows:
        found[row.product_id].append(row)
    return found
