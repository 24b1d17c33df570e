"""Listings straight from the normalised tables, for while the store of documents is away.

All that belong to a listing are read to find those of one page: a catalogue of a hundred thousand takes seconds for
the widest. It is asked only for what is not in the cache.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Avg, QuerySet
from django.utils import timezone

from .assembly import PRICE, price_now, valid_at
from .bands import stock_band
from .documents import columns, scores
from .models import Price, Product, Review, Stock

Ranked = tuple[float, str, int]


def ids(
    category_id: int | None, tags: Iterable[str], sort: str, first: int, last: int, *, in_stock: bool = False
) -> tuple[int, list[int]]:
    """As `documents.ids` of what `documents.matching` finds."""
    products = Product.objects.published()
    if category_id:
        products = products.filter(category_id=category_id)
    for tag in tags:
        products = products.filter(tags__slug=tag)
    ranked = sorted(_ranked(products, sort.removeprefix("-"), in_stock=in_stock), reverse=sort.startswith("-"))
    return len(ranked), [pk for _, _, pk in ranked[first : last + 1]]


def _ranked(products: "QuerySet[Product]", sort: str, *, in_stock: bool) -> Iterator[Ranked]:
    prices, bands, ratings = _prices(products), _bands(products), _ratings(products) if sort == "rating" else {}
    for row in products.values_list("id", "name", "category_id", "baked_at", "created_at", named=True):
        band = bands.get(row.id, "out")
        if prices.get(row.id) is None or (in_stock and band == "out"):
            continue
        row_columns = columns(
            {
                "category_id": row.category_id,
                "name": row.name,
                "tags": (),
                "band": band,
                "price": prices[row.id],
                "rating": ratings.get(row.id),
                "baked": f"{row.baked_at:%H:%M}" if row.baked_at else "",
                "created": row.created_at.isoformat(),
            }
        )
        yield scores(row_columns)[sort], row_columns["sort_name"], row.id


def _prices(products: "QuerySet[Product]") -> dict[int, int | None]:
    now, of_product = timezone.now(), defaultdict(list)
    for row in Price.objects.filter(product__in=products).valid_at(now).values_list(*PRICE, named=True):
        of_product[row.product_id].append(row)
    return {pk: price_now(valid_at(now, rows))["price"] for pk, rows in of_product.items()}


def _bands(products: "QuerySet[Product]") -> dict[int, str]:
    rows = Stock.objects.filter(product__in=products).values_list("product_id", "quantity")
    return {pk: stock_band(quantity) for pk, quantity in rows}


def _ratings(products: "QuerySet[Product]") -> dict[int, float]:
    shown = Review.objects.filter(product__in=products, is_hidden=False).order_by()
    rows = shown.values("product_id").annotate(mean=Avg("rating"))
    return {row["product_id"]: round(row["mean"], 2) for row in rows}
