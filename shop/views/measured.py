"""One product's page by every pattern there is, for `make bench`: served only while the setting BENCH is on.

The same template, the same bytes; what differs is where the product, the cards beside it and the names of those who
reviewed it come from. The shelves in the header are read as always, from the cache, in one round trip.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time
from functools import lru_cache, partial
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import User
from products.assembly import AUTHORS, PRICE, ProductData, card_of, named_in, price_now, valid_at
from products.data import shelves
from products.models import Document, Price
from products.views import Beside, product_page, public
from scaling.cache import Stored
from scaling.queries import cached_query
from scaling.replicas import read_alias

Read = Callable[[Sequence[int]], dict[int, dict]]
HOUR = 3600  # nothing ends while it is measured
MOMENTS = {"created_at": datetime, "starts_at": datetime, "ends_at": datetime, "baked_at": time}


@require_safe
def empty(request: HttpRequest) -> HttpResponse:
    """Nothing at all: what pages are compared with."""
    return HttpResponse()


@require_safe
def joins(request: HttpRequest, pk: int) -> HttpResponse:
    """Assembled from the tables by whoever looks at it."""
    return _page(pk, lambda ids: ProductData(ids, read_alias(), {}).assemble(), list)


@require_safe
def queries(request: HttpRequest, pk: int) -> HttpResponse:
    """The same statements, each by `cached_query`."""
    read = partial(cached_query, seconds=HOUR)
    return _page(pk, lambda ids: DataFromQueries(ids, read_alias(), {}).assemble(), read)


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """One read by key, one for the cards beside it, and one for names."""
    return _page(pk, lambda ids: dict(Document.objects.filter(pk__in=ids).values_list("pk", "data")), list)


class DataFromQueries(ProductData):
    def read(self, rows: QuerySet, *columns: str) -> list:
        row = _row(*columns)
        moments = [(place, MOMENTS[name]) for place, name in enumerate(columns) if name in MOMENTS]
        return [row(*_revived(values, moments)) for values in cached_query(rows.values_list(*columns), seconds=HOUR)]

    def prices(self) -> dict[int, dict]:
        """Without the time, which would make it another query at every moment."""
        found: dict[int, list] = {pk: [] for pk in self.products}
        for row in self.read(Price.objects.filter(product__in=self.products), *PRICE):
            found[row.product_id].append(row)
        return {pk: price_now(valid_at(self.now, rows)) for pk, rows in found.items()}


@lru_cache(maxsize=32)
def _row(*columns: str) -> type:
    return namedtuple("Row", columns)


def _revived(values: list, moments: Iterable[tuple[int, Any]]) -> list:
    """JSON has no moments."""
    for place, kind in moments:
        values[place] = values[place] and kind.fromisoformat(values[place])
    return values


def _page(pk: int, read: Read, ask: Callable[[QuerySet], Iterable]) -> HttpResponse:
    data = read([pk]).get(pk)
    if data is None:
        raise Http404("We do not bake that.")
    others = read(data["related"]) if data["related"] else {}
    header = tuple(shelves())
    cards = {("category", card["id"]): card for card in header}
    cards |= {("product", other): _stored("product", other, card_of(whole)) for other, whole in others.items()}
    authors = [author for name, author in named_in(data) if name == AUTHORS]
    names = ask(User.objects.filter(pk__in=authors).values_list("pk", "name")) if authors else ()
    cards |= {(AUTHORS, author): _stored(AUTHORS, author, {"id": author, "name": name}) for author, name in names}
    return public(HttpResponse(product_page(_stored("product", pk, data), Beside.of(data, cards), header)))


def _stored(name: str, pk: int, data: dict) -> Stored:
    return Stored(data, (name, pk, 0))
