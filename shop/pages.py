"""Which pages of the shop are published: all that are the same for everybody and have an address of their own.

Of products all, or as many as the setting PUBLISH says, those that are looked at most: a million need not be a
million files. What is not published is served live.
"""

import re
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.urls import reverse

from products import documents
from products.data import ARTICLES, CATEGORIES, JOURNAL
from products.models import Article, Category, Product
from products.shelf import DEFAULT_SORT, listing_of, listing_under
from products.views import PAGE_SIZE
from scaling import visits
from scaling.listings import Listing
from scaling.reading import Built

from .views import journal

PRODUCT = re.compile(r"/products/(\d+)-[\w-]+/")
CHUNK = 1000  # rows a read


class BakerySite:
    """See `scaling.sites.Site`."""

    def all(self) -> Iterator[str]:
        yield from (reverse("home"), "/404.html", "/503.html")
        yield from _pages(reverse("shelves"), _shelf(None))
        for category in Category.objects.all():
            yield from _pages(category.get_absolute_url(), _shelf(category.pk))
        yield from _pages(reverse("journal"), JOURNAL, journal.PAGE_SIZE)
        for article in Article.objects.published():
            yield article.get_absolute_url()
        yield from self._products()
        yield reverse("sitemap")

    def of(self, name: str, pk: int, one: Built) -> Iterable[str]:
        if one.data is None or name not in (CATEGORIES.name, ARTICLES.name, "product"):
            return ()
        if name == CATEGORIES.name:
            return _pages(one.data["url"], _shelf(pk))
        return [one.data["url"]] if self.wants(one.data["url"]) else ()

    def further(self, listing: str, total: int) -> Iterable[str]:
        if listing == JOURNAL.key:
            return _addresses(reverse("journal"), total, journal.PAGE_SIZE)
        if listing == _shelf(None).key:
            return _addresses(reverse("shelves"), total)
        category = _category_of(listing)
        card = CATEGORIES.get_many([category]).get(category) if category else None
        return _addresses(card["url"], total) if card else ()

    def timed(self) -> Iterable[str]:
        return [reverse("home")]

    def wants(self, path: str) -> bool:
        if not settings.PUBLISH.isdecimal() or not PRODUCT.fullmatch(path):
            return True
        return visits.is_among(path, int(settings.PUBLISH))

    def _products(self) -> Iterator[str]:
        if settings.PUBLISH.isdecimal():
            yield from self._most_visited()
            return
        for pk, slug in Product.objects.published().order_by("pk").values_list("pk", "slug").iterator(CHUNK):
            yield reverse("product", args=[pk, slug])

    def _most_visited(self) -> list[str]:
        return [path for path in visits.most_visited(int(settings.PUBLISH)) if PRODUCT.fullmatch(path)]


def one_of_each() -> list[str]:
    """A page of each kind that has one for every row: what a new clone shows itself before visitors come."""
    kinds = Product.objects.published(), Category.objects.all(), Article.objects.published()
    return [one.get_absolute_url() for kind in kinds if (one := kind.order_by("pk").first())]


def _shelf(category: int | None) -> Listing:
    """What a shelf shows when nobody asks for another order."""
    return listing_of(category, "", DEFAULT_SORT)


def _category_of(listing: str) -> int | None:
    """The category whose shelf shows this listing."""
    if not listing_under(listing):
        return None
    found = re.fullmatch(r"\D+(\d+)\D+", listing)
    return int(found[1]) if found and listing == documents.listing_key(int(found[1]), "", DEFAULT_SORT) else None


def _pages(path: str, listing: Listing, size: int = PAGE_SIZE) -> list[str]:
    return _addresses(path, listing.count(), size)


def _addresses(path: str, total: int, size: int = PAGE_SIZE) -> list[str]:
    """Of the pages of a list of so many."""
    return [path, *(f"{path}?page={number}" for number in range(2, -(-total // size) + 1))]


SITE = BakerySite()
