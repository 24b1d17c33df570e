"""Documents as pages and listings read them: from the store in service, by what every store can do."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import QuerySet

from ..models import Document
from . import stores
from .columns import ORDERS, member_of, scores


def matching(category_id: int | None, tags: Iterable[str] = (), *, in_stock: bool = False) -> "QuerySet[Document]":
    """The documents of a category (None: of all) that carry all the tags."""
    found = Document.objects.filter(is_gone=False)
    if category_id:
        found = found.filter(category_id=category_id)
    for tag in tags:
        found = found.filter(tags__contains=f"|{tag}|")
    return found.exclude(band="out") if in_stock else found


def rows(category_id: int | None, tag: str, sort: str) -> Iterator[tuple[float, str]]:
    """All rows of one listing, for a rebuild."""
    fields = ["product_id", "sort_name", "created", "price", "rating", "baked"]
    with stores.in_service().asking():
        for row in matching(category_id, [tag] if tag else []).values(*fields).iterator(chunk_size=1000):
            yield scores(row)[sort], member_of(row["product_id"], row["sort_name"])


def ids(found: "QuerySet[Document]", sort: str, first: int, last: int) -> tuple[int, list[int]]:
    """How many documents there are, and the ids from rank `first` to `last` of the order `sort`."""
    ordered = found.order_by(*ORDERS[sort]).values_list("product_id", flat=True)
    with stores.in_service().asking():
        return found.count(), list(ordered[first : last + 1])


def read(ids: Sequence[int], shape: str) -> list[Document]:
    """The documents of this form that there are, from wherever this request reads."""
    with stores.in_service().asking():
        return list(Document.objects.filter(pk__in=ids, shape=shape))
