"""Every document built again from the tables, while shop and workers run.

Each batch is assembled and written as a worker does it, behind the version: what a worker has written meanwhile is
newer, and stays. Nothing is stored in the cache, so no visitor notices. At most a batch is in memory at once; the
place is kept with each, so whoever is killed loses a batch at most. A product that cannot be assembled is passed
over, and told of: one row that breaks our code does not keep the others from being built.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import partial

from scaling.replicas import primary, unit_of_work
from scaling.unavailable import OUTAGES

from . import moving
from .data import PRODUCTS
from .walks import Walk, patiently

NAME = "rebuild"
BATCH = 100  # products that are assembled in the statements of one
MOST_FAULTS = 20  # then it is not a product that is broken

Faults = dict[int, Exception]  # by the id of the product
log = logging.getLogger(__name__)


def of_now() -> str:
    """What a rebuild is worth something for: this form of the documents, in these stores. After a change of either it
    begins anew."""
    return f"{PRODUCTS.shape} {' '.join(moving.ask().written)}"


def rebuild(walk: Walk, faults: Faults) -> Iterator[int]:
    """Build all that is left of this walk, in batches; yields how many each holds. A product that is gone has its
    document marked. What cannot be built is noted in `faults`; with the last of MOST_FAULTS its error goes up."""
    while ids := patiently(partial(_after, walk.place)):
        _build_apart(ids, faults)
        walk.step(ids[-1], len(ids))
        yield len(ids)
    walk.end()


def _build_apart(ids: Sequence[int], faults: Faults) -> None:
    """All in one go; when that fails by the fault of one of them, the half before and the half behind."""
    try:
        patiently(partial(_build, ids))
    except OUTAGES:
        raise
    except Exception as error:
        if len(ids) == 1:
            _note(ids[0], error, faults)
        else:
            middle = len(ids) // 2
            _build_apart(ids[:middle], faults)
            _build_apart(ids[middle:], faults)


def _note(pk: int, error: Exception, faults: Faults) -> None:
    log.error("Product %s cannot be built", pk, exc_info=error)
    faults[pk] = error
    if len(faults) == MOST_FAULTS:
        raise error


def _build(ids: Sequence[int]) -> None:
    with unit_of_work():
        built = PRODUCTS.assemble_all(ids)
        with primary():
            PRODUCTS.persist(built)


def _after(pk: int) -> list[int]:
    with unit_of_work(), primary():
        return list(PRODUCTS.after(pk, BATCH))
