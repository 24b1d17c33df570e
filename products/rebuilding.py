"""Every document built again from the tables, while shop and workers run.

Each batch is assembled and written as a worker does it, behind the version: what a worker has written meanwhile is
newer, and stays. Nothing is stored in the cache, so no visitor notices. At most a batch is in memory at once; the
place is kept with each, so whoever is killed loses a batch at most. A product that cannot be assembled is passed
over, and told of: one row that breaks our code does not keep the others from being built.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import DEFAULT_DB_ALIAS

from jobs.versions import raise_past, versions_of
from scaling.replicas import primary, unit_of_work
from scaling.unavailable import OUTAGES

from . import moving
from .data import PRODUCTS
from .documents.stores import in_service
from .walks import Walk, patiently

NAME = "rebuild"
BATCH = 100  # products that are assembled in the statements of one
MOST_FAULTS = 20  # in a row: then it is not a product that is broken
log = logging.getLogger(__name__)


class BrokenError(Exception):
    """Not one product after the other can be built."""


@dataclass
class Faults:
    """The products that could not be built, by id, and how many of them since the last that could."""

    ids: list[int] = field(default_factory=list)
    in_a_row: int = 0

    def note(self, pk: int, error: Exception) -> None:
        log.error("Product %s cannot be built", pk, exc_info=error)
        self.ids.append(pk)
        self.in_a_row += 1
        if self.in_a_row == MOST_FAULTS:
            raise BrokenError(f"{MOST_FAULTS} products in a row cannot be built, the last for {error!r}.") from error


def of_now() -> str:
    """What a rebuild is worth something for: this form of the documents, in these stores. After a change of either it
    begins anew."""
    return f"{PRODUCTS.shape} {' '.join(moving.ask().written)}"


def rebuild(walk: Walk, faults: Faults) -> Iterator[int]:
    """Build all that is left of this walk, in batches; yields how many each holds. A product that is gone has its
    document marked. What cannot be built is noted in `faults`. Raises BrokenError."""
    while ids := patiently(partial(_after, walk.place)):
        _build_apart(ids, faults)
        walk.step(ids[-1], len(ids))
        yield len(ids)
    walk.end()


def _build_apart(ids: Sequence[int], faults: Faults) -> None:
    """All in one go; when that fails by the fault of one of them, the half before and the half behind."""
    try:
        patiently(partial(_build, ids))
        faults.in_a_row = 0
    except OUTAGES:
        raise
    except Exception as error:
        if len(ids) == 1:
            faults.note(ids[0], error)
        else:
            middle = len(ids) // 2
            _build_apart(ids[:middle], faults)
            _build_apart(ids[middle:], faults)


def _build(ids: Sequence[int]) -> None:
    with unit_of_work():
        built = PRODUCTS.assemble_all(ids)
        with primary():
            newer = built.keys() - PRODUCTS.persist(built).keys()
            if ahead := _ahead_of_the_tables(newer):
                raise_past(PRODUCTS.name, ahead)
                PRODUCTS.persist(PRODUCTS.assemble_all(list(ahead)))


def _ahead_of_the_tables(ids: Collection[int]) -> dict[int, int]:
    """Of documents that were not replaced those that no change of the tables has led to, with their versions."""
    if not ids:
        return {}
    held = {row["product_id"]: row["version"] for row in in_service().whole(list(ids))}
    versions = versions_of(PRODUCTS.name, list(ids), DEFAULT_DB_ALIAS)
    return {pk: version for pk, version in held.items() if version > versions.get(pk, 0)}


def _after(pk: int) -> list[int]:
    with unit_of_work(), primary():
        return list(PRODUCTS.after(pk, BATCH))
