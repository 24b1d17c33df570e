"""How many documents there are, and how many are not as they should be, by their versions alone."""

from dataclasses import dataclass

from jobs.versions import versions_of
from scaling.replicas import primary
from scaling.walking import ids_after

from .documents.stores import Store, Version
from .models import Product

BATCH = 1000


@dataclass
class Count:
    """`missing` are products without one; `behind` are older than their product; `ahead` are newer, since the tables
    were restored from a backup; `others` are of another form, for another release. A change of a moment ago is
    counted, too."""

    documents: int = 0
    gone: int = 0
    missing: int = 0
    behind: int = 0
    ahead: int = 0
    others: int = 0


def count(store: Store, shape: str) -> Count:
    """Read no document's data."""
    counted, place = Count(), 0
    with primary():
        while batch := _after(place, store):
            ids, rows = batch
            _add(counted, ids, rows, shape)
            place = ids[-1]
    return counted


def _after(place: int, store: Store) -> tuple[list[int], list[Version]] | None:
    """The next products and documents, by id; and of each document there is what is counted."""
    rows, products = store.versions_after(place, BATCH), ids_after(Product.objects.all(), place, BATCH)
    ids = sorted({*products, *(row[0] for row in rows)})[:BATCH]
    return (ids, [row for row in rows if row[0] <= ids[-1]]) if ids else None


def _add(counted: Count, ids: list[int], rows: list[Version], shape: str) -> None:
    versions = versions_of("product", ids, using="default")
    counted.documents += len(rows)
    counted.missing += len(ids) - len(rows)
    for pk, version, form, is_gone in rows:
        counted.gone += is_gone
        counted.behind += version < versions.get(pk, 0)
        counted.ahead += version > versions.get(pk, 0)
        counted.others += form != shape and not is_gone
