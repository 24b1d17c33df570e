"""`Product.data`: what a page shows of products, gathered part by part from the normalised tables.

Each part is one statement for any number of products, so that a worker assembles a hundred for the price of one.
The joins are made here, when something changes, and not by readers.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from .models import Picture, Price, Product, Review, Stock, Text

CARD = (
    *("id", "slug", "name", "about", "url", "category_id", "price", "was", "flag", "label", "until", "band"),
    *("rating", "reviews", "picture", "alt", "tags", "baked"),
)
BESIDE_CARD = ("created", "tags_named", "texts", "pictures", "tally", "verified", "latest", "related")
LATEST_REVIEWS = 12
RELATED = 4


class ProductData:
    """The data of some products, read from one alias inside one snapshot."""

    def __init__(self, ids: Sequence[int], alias: str) -> None:
        self.alias = alias
        self.now = timezone.now()
        products = Product.objects.using(alias).published().filter(pk__in=ids)
        self.products = {product.pk: product for product in products}

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

    def basics(self, product: Product) -> dict:
        return {
            "id": product.pk,
            "slug": product.slug,
            "name": product.name,
            "about": product.about,
            "url": product.get_absolute_url(),
            "category_id": product.category_id,
            "created": product.created_at.isoformat(),
            "baked": f"{product.baked_at:%H:%M}" if product.baked_at else "",
        }

    def prices(self) -> dict[int, dict]:
        rows = Price.objects.using(self.alias).filter(product__in=self.products).valid_at(self.now)
        of_product = _grouped(rows)
        return {pk: price_now(of_product[pk]) for pk in self.products}

    def texts(self) -> dict[int, dict]:
        rows = _grouped(Text.objects.using(self.alias).filter(product__in=self.products))
        return {
            pk: {"texts": {row.kind: {"title": row.title, "body": row.body} for row in rows[pk]}}
            for pk in self.products
        }

    def pictures(self) -> dict[int, dict]:
        rows = _grouped(
            Picture.objects.using(self.alias).filter(product__in=self.products).order_by("position", "id")
        )
        found = {pk: [{"stem": row.stem, "alt": row.alt} for row in rows[pk]] for pk in self.products}
        return {
            pk: {
                "pictures": pictures,
                "picture": pictures[0]["stem"] if pictures else "",
                "alt": pictures[0]["alt"] if pictures else "",
            }
            for pk, pictures in found.items()
        }

    def reviews(self) -> dict[int, dict]:
        rows = Review.objects.using(self.alias).filter(product__in=self.products, is_hidden=False)
        of_product = _grouped(rows.select_related("author").order_by("-created_at", "-id"))
        return {pk: review_summary(of_product[pk]) for pk in self.products}

    def stock(self) -> dict[int, dict]:
        rows = {row.pk: row.band for row in Stock.objects.using(self.alias).filter(product__in=self.products)}
        return {pk: {"band": rows.get(pk, "out")} for pk in self.products}

    def tags(self) -> dict[int, dict]:
        through = Product.tags.through.objects.using(self.alias).filter(product__in=self.products)
        found = defaultdict(list)
        for pk, slug, name in through.order_by("tag__name").values_list("product_id", "tag__slug", "tag__name"):
            found[pk].append({"slug": slug, "name": name})
        return {pk: {"tags_named": found[pk], "tags": [tag["slug"] for tag in found[pk]]} for pk in self.products}

    def related(self) -> dict[int, dict]:
        through = Product.related.through.objects.using(self.alias).filter(from_product__in=self.products)
        found = defaultdict(list)
        for pk, other in through.order_by("id").values_list("from_product_id", "to_product_id"):
            found[pk].append(other)
        return {pk: {"related": found[pk][:RELATED]} for pk in self.products}


def price_now(rows: Sequence[Price]) -> dict[str, Any]:
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


def review_summary(rows: Sequence[Review]) -> dict[str, Any]:
    """The tally of all reviews, and the newest in full. `rows` are the newest first."""
    tally = {str(stars): sum(row.rating == stars for row in rows) for stars in range(5, 0, -1)}
    return {
        "reviews": len(rows),
        "rating": round(sum(row.rating for row in rows) / len(rows), 2) if rows else None,
        "verified": sum(row.is_verified for row in rows),
        "tally": tally,
        "latest": [review_data(row) for row in rows[:LATEST_REVIEWS]],
    }


def review_data(row: Review) -> dict[str, Any]:
    return {
        "id": row.pk,
        "author": row.author.name,
        "author_id": row.author_id,
        "rating": row.rating,
        "body": row.body,
        "verified": row.is_verified,
        "at": row.created_at.isoformat(),
    }


def _grouped(rows: Any) -> defaultdict[int, list]:
    found: defaultdict[int, list] = defaultdict(list)
    for row in rows:
        found[row.product_id].append(row)
    return found
