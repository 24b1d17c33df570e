"""What the sampler walks, and compares besides the objects themselves: the columns that listings are read from."""

from collections.abc import Mapping, Sequence

from scaling.cache import Built
from scaling.walking import ids_after

from .documents import columns
from .models import Document, Product


def product_ids_after(pk: int, most: int) -> list[int]:
    """The next ids of products and of documents: what is gone may have left one behind."""
    return sorted({*ids_after(Product.objects.all(), pk, most), *ids_after(Document.objects.all(), pk, most)})[:most]


def count_products() -> int:
    return max(Product.objects.count(), Document.objects.count())


def unsound_documents(built: Mapping[int, Built]) -> dict[int, str]:
    """Documents that are missing, left behind, or sorted by something else than they hold."""
    rows = {row.pk: row for row in Document.objects.defer("data", "left").filter(pk__in=built, is_gone=False)}
    told = {pk: _told(rows.get(pk), one.data) for pk, one in built.items()}
    return {pk: what for pk, what in told.items() if what}


def _told(row: Document | None, data: dict | None) -> str:
    if row is None or data is None:
        return "has no document" if data else "has left its document" if row else ""
    names: Sequence[str] = [name for name, value in columns(data).items() if getattr(row, name) != value]
    return ", ".join(f"column {name}" for name in names)
