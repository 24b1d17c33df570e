"""Every document built again from the tables, while shop and workers run.

Each batch is assembled and written as a worker does it, behind the version: what a worker has written meanwhile is
newer, and stays. Nothing is stored in the cache, so no visitor notices. At most a batch is in memory at once; the
place is kept with each, so whoever is killed loses a batch at most.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from scaling.replicas import primary, unit_of_work

from . import moving
from .data import PRODUCTS
from .walks import Walk, patiently

NAME = "rebuild"
BATCH = 100  # products that are assembled in the statements of one


def of_now() -> str:
    """What a rebuild is worth something for: this form of the documents, in these stores. After a change of either it
    begins anew."""
    return f"{PRODUCTS.shape} {' '.join(moving.ask().written)}"


def rebuild(walk: Walk) -> Iterator[int]:
    """Build all that is left of this walk, in batches; yields how many each holds. A product that is gone has its
    document marked."""
    while ids := _after(walk.place):
        patiently(partial(_build, ids))
        walk.step(ids[-1], len(ids))
        yield len(ids)
    walk.end()


def _build(ids: Sequence[int]) -> None:
    with unit_of_work():
        built = PRODUCTS.assemble_all(ids)
        with primary():
            PRODUCTS.persist(built)


def _after(pk: int) -> list[int]:
    with unit_of_work(), primary():
        return list(PRODUCTS.after(pk, BATCH))
