"""Whether the documents in service are as the tables say, however many there are: a batch is in memory at once.

It runs inside a process of the shop, once nobody builds any more: `tell` is for `manage.py shell`.
"""

from collections.abc import Iterator, Sequence

from products.data import PRODUCTS
from products.documents import columns
from products.documents.stores import in_service
from products.models import Document
from products.search_index import indexes_of, stored_indexes
from scaling.codec import plain
from scaling.reading import Built
from scaling.replicas import primary, unit_of_work

BATCH = 100


def tell() -> None:
    """A line for each product whose document or words are not as a fresh assembly has them, and at the end how many
    were compared."""
    compared, place = 0, 0
    while ids := _after(place):
        for line in _differing(ids):
            print(line)
        compared, place = compared + len(ids), ids[-1]
    print(compared)


def _after(place: int) -> Sequence[int]:
    with unit_of_work(), primary():
        return PRODUCTS.after(place, BATCH)


def _differing(ids: Sequence[int]) -> Iterator[str]:
    with unit_of_work(), primary():
        rows = {row.pk: row for row in in_service().read(ids, PRODUCTS.shape)}
        built = PRODUCTS.assemble_all(ids)
        found, wanted = stored_indexes(ids), indexes_of({pk: one.data for pk, one in built.items() if one.data})
    for pk, one in built.items():
        words = [] if found.get(pk, {}) == wanted.get(pk, {}) else ["words"]
        if what := [*_told(rows.get(pk), one), *words]:
            yield f"product {pk}: {', '.join(what)}"


def _told(row: Document | None, one: Built) -> list[str]:
    if row is None or one.data is None:
        return [] if row and row.is_gone else ["missing" if row is None else "still there"]
    wanted = {"version": one.version, "is_gone": False, "data": plain(one.data), **columns(one.data)}
    return [name for name, value in wanted.items() if getattr(row, name) != value]
