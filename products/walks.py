"""A walk through all products that one process at a time is at, that survives it, and that the next one goes on with.

The lease says who is at it: it is renewed with each batch, and free again soon after its owner died. Its place moves
only under the attempt that the owner has claimed: one that stood still past its lease finds no row, and stops.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

from django.db.models import F, Q
from django.db.models.functions import Now

from scaling.unavailable import OUTAGES

from .document_models import DocumentWalk

LEASE_SECONDS = 12  # a batch takes a fraction of a second, and a database that blocks it its time-out
LOOK_AGAIN_SECONDS = 0.2
TRIES, AGAIN_SECONDS = 3, 1.0  # less than the lease, time-outs of two seconds included

T = TypeVar("T")


class BusyError(Exception):
    """Somebody else is at it, or has taken over."""


class Walk:
    """The right to walk, with the place it has come to: `place` is the last product done, `done` counts them."""

    def __init__(self, row: DocumentWalk) -> None:
        self._row = row
        self.place, self.done = row.place, row.done

    def begin(self, of: str, *, is_afresh: bool = False) -> bool:
        """Go on where a walk of the same was left, else begin at the first product. Returns whether it goes on."""
        goes_on = self._row.of == of and not self._row.is_over and not is_afresh and self.place > 0
        if not goes_on:
            self.place = self.done = 0
        self._note(of=of, place=self.place, done=self.done, is_over=False)
        return goes_on

    def has_done(self, of: str) -> bool:
        """Whether the last walk was through the same, and came to its end."""
        return self._row.of == of and self._row.is_over

    def step(self, place: int, count: int) -> None:
        """These are done. Raises BusyError when somebody else has taken over."""
        self.place, self.done = place, self.done + count
        self._note(place=self.place, done=self.done)

    def renew(self) -> None:
        """Likewise, where no place has to be kept."""
        self._note()

    def end(self) -> None:
        """All is done: the next one begins anew."""
        self._note(is_over=True)

    def _note(self, **changes: object) -> None:
        rows = DocumentWalk.objects.filter(pk=self._row.pk, attempt=self._row.attempt)
        if not patiently(partial(rows.update, lease_until=Now() + timedelta(seconds=LEASE_SECONDS), **changes)):
            raise BusyError("Somebody else has taken this over meanwhile, and goes on with it.")


@contextmanager
def walking(name: str, on_wait: Callable[[], object] = lambda: None) -> Iterator[Walk]:
    """The walk of this name, for one process at a time. Whoever finds it held says so (`on_wait`), and waits as
    long as a dead one could hold it. Raises BusyError once its owner shows that it lives."""
    walk = Walk(_claim(name, on_wait))
    try:
        yield walk
    finally:
        _give_back(walk)


def patiently(batch: Callable[[], T]) -> T:
    """Do a batch, which may be done twice, and once more after a moment when a server did not answer: work of an hour
    does not end because of one slow second. The last error goes up."""
    for _ in range(TRIES - 1):
        try:
            return batch()
        except OUTAGES:
            time.sleep(AGAIN_SECONDS)
    return batch()


def left_at(name: str) -> DocumentWalk | None:
    """A walk that was left before its end, or that somebody is at."""
    return DocumentWalk.objects.filter(pk=name, is_over=False).first()


def _claim(name: str, on_wait: Callable[[], object]) -> DocumentWalk:
    row, _ = DocumentWalk.objects.get_or_create(pk=name)
    if not _take(row):
        on_wait()
        while not _take(row):
            time.sleep(LOOK_AGAIN_SECONDS)
            _refuse_if_alive(row)
    return DocumentWalk.objects.get(pk=name)


def _refuse_if_alive(row: DocumentWalk) -> None:
    now = DocumentWalk.objects.get(pk=row.pk)
    if now.lease_until and (now.attempt, now.lease_until) != (row.attempt, row.lease_until):
        raise BusyError(f"Another process is at it, and has come past product {now.place}.")


def _take(row: DocumentWalk) -> bool:
    free = DocumentWalk.objects.filter(Q(lease_until=None) | Q(lease_until__lt=Now()), pk=row.pk)
    return bool(free.update(attempt=F("attempt") + 1, lease_until=Now() + timedelta(seconds=LEASE_SECONDS)))


def _give_back(walk: Walk) -> None:
    """Whoever has taken over keeps it. One that cannot be given back is free when its lease has run out."""
    with suppress(*OUTAGES):
        DocumentWalk.objects.filter(pk=walk._row.pk, attempt=walk._row.attempt).update(lease_until=None)
