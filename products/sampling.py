"""What the sampler walks, and compares besides the objects themselves: what listings and search are read from."""

from collections.abc import Mapping, Sequence

from scaling.cache import Built
from scaling.walking import ids_after

from .documents import columns
from .documents.stores import in_service
from .models import Document, Product
from .search_index import indexes_of, stored_indexes


def product_ids_after(pk: int, most: int) -> list[int]:
    """The next ids of products and of documents: what is gone may have left one behind."""
    documents = [row[0] for row in in_service().versions_after(pk, most)]
    return sorted({*ids_after(Product.objects.all(), pk, most), *documents})[:most]


def count_products() -> int:
    with in_service().asking():
        return max(Product.objects.count(), Document.objects.count())


def unsound_documents(built: Mapping[int, Built], shape: str) -> dict[int, str]:
    """Documents that are missing, left behind, or sorted by something else than they hold; and products that search
    finds by other words."""
    with in_service().asking():
        rows = {row.pk: row for row in Document.objects.defer("data", "left").filter(pk__in=built, is_gone=False)}
    stored, wanted = stored_indexes(built), indexes_of({pk: one.data for pk, one in built.items() if one.data})
    told = {}
    for pk, one in built.items():
        words = "words of search" if stored.get(pk, {}) != wanted.get(pk, {}) else ""
        told[pk] = ", ".join(what for what in (_told(rows.get(pk), one, shape), words) if what)
    return {pk: what for pk, what in told.items() if what}


def _told(row: Document | None, one: Built, shape: str) -> str:
    """A document of another form is read by another release: its version and columns are compared, its data not."""
    if row is None or one.data is None:
        return "has no document" if one.data else "has left its document" if row else ""
    names: Sequence[str] = [name for name, value in columns(one.data).items() if getattr(row, name) != value]
    is_behind = row.shape != shape and row.version != one.version
    return ", ".join([*(f"column {name}" for name in names), *(["version of another form"] if is_behind else [])])
