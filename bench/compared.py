"""Whether the documents in service are as the tables say, however many there are: a batch is in memory at once.

It runs inside a process of the shop, once nobody builds any more: `tell` is for `manage.py shell`.
"""

from collections.abc import Iterator, Sequence

from products.data import PRODUCTS
from scaling.comparing import differences
from scaling.replicas import primary, unit_of_work

BATCH = 100


def tell() -> None:
    """A line for each that is missing or differs from a fresh assembly, and at the end how many were compared."""
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
        copies, built = PRODUCTS.durable(ids), PRODUCTS.assemble_all(ids)
        unsound = PRODUCTS.unsound(built)
    for pk, one in built.items():
        if pk not in copies:
            yield f"document {pk} is missing"
        elif what := differences(copies[pk], one) or unsound.get(pk):
            yield f"document {pk}: {what}"
