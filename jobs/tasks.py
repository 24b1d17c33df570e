"""Tasks that are sent by the outbox: they may come twice or late, and mark their row only when all is stored."""

from collections.abc import Callable, Sequence
from typing import Any

from celery import Task, shared_task
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.functions import Greatest, Least

from scaling.positions import Position, log_of, merged
from scaling.reading import CACHE_DOWN
from scaling.replicas import Work, unit_of_work
from scaling.unavailable import OUTAGES
from scaling.xray import measured

from . import moments
from .models import SECOND, Outbox, now_us

ABSORBED_ROWS = 10_000
CACHE_AWAY_SECONDS = 5
Pairs = Sequence[tuple[int, str]]  # outbox row, subject


class OutboxTask(Task):
    """`batch` subjects travel together at most, on the queue `lane`.

    A task with a batch merges: done once for a subject, it is done for all rows of that subject that were there. Its
    rows ripen for a moment, so that others come to join them, unless it says that they need not.
    """

    batch = 1
    ripens = True
    lane = "interactive"
    throws = OUTAGES  # told in a line, without a traceback: the row waits

    @property
    def merges(self) -> bool:
        return self.batch > 1


def outbox_task(
    *, lane: str = "interactive", batch: int = 1, name: str = "", ripens: bool = True
) -> Callable[[Callable[[Any], None]], OutboxTask]:
    """Make a Celery task of a function of one subject, or with `batch` of a list of subjects. It is called as the
    function is, or `name`.

    The function may run again for a subject that is done already. If it raises, the rows stay and are sent again.
    It reads where the transactions that added its rows have arrived: the message carries their position.
    """

    def decorate(function: Callable[[Any], None]) -> Any:
        def run(pairs: Pairs, position: Position | None = None) -> None:
            with measured(), unit_of_work(position) as work:  # no worker remembers what its tasks have cost
                rows = _not_done(pairs)
                moments.tell(list(rows))
                if batch > 1:
                    rows |= _absorbed(called, {subject for _, subject in pairs}, work)
                do = _all_of if batch > 1 else _only
                try:
                    failed = do(function, list(dict.fromkeys(rows.values())))
                except CACHE_DOWN:
                    _wait_for_the_cache(list(rows))
                    raise
                Outbox.objects.filter(pk__in=[pk for pk, subject in rows.items() if subject not in failed]).delete()
            if failed:
                raise next(iter(failed.values()))

        called = name or f"{function.__module__}.{function.__name__}"
        return shared_task(name=called, base=OutboxTask, batch=batch, lane=lane, ripens=ripens)(run)

    return decorate


def _only(function: Callable[[str], None], subjects: Sequence[str]) -> dict[str, Exception]:
    for subject in subjects:
        function(subject)
    return {}


def _all_of(function: Callable[[Sequence[str]], None], subjects: Sequence[str]) -> dict[str, Exception]:
    """Together; and one by one when that fails, so that a subject that cannot be done holds up no other. Returns
    those that failed. With a server away nothing can be done, and the error is raised."""
    failed: dict[str, Exception] = {}
    try:
        if subjects:
            function(subjects)
    except OUTAGES:
        raise
    except Exception as error:
        if len(subjects) == 1:
            return {subjects[0]: error}
        for subject in subjects:
            failed |= _all_of(function, [subject])
    return failed


def _not_done(pairs: Pairs) -> dict[int, str]:
    """Those rows that are still there, and their subjects: of a message that came twice there are none."""
    rows = Outbox.objects.filter(pk__in=[pk for pk, _ in pairs]).order_by("pk")
    return dict(rows.values_list("pk", "subject"))


def _wait_for_the_cache(rows: Sequence[int]) -> None:
    """What is durable is written. Sent again every second while the cache is away, these rows would hold up the new
    ones; once it is back they are hurried (`jobs.changes`)."""
    now = now_us()
    Outbox.objects.filter(pk__in=rows).update(
        due_at=Greatest("due_at", now + CACHE_AWAY_SECONDS * SECOND),
        attempt=Greatest("attempt", 1),
        tried_since=Least("tried_since", now),
    )


def _absorbed(task: str, subjects: set[str], work: Work) -> dict[int, str]:
    """All rows that have begun for these subjects: what follows is done for them, too.

    They are named one by one. A row that commits after this reading stays, whatever its number or time, and so does
    one that has a moment of its own, which its own message tells. What is read from now on holds the changes that
    these rows tell of.
    """
    begun = Outbox.objects.begun().filter(task=task, subject__in=subjects, moment=None)
    found = dict(begun.values_list("pk", "subject")[:ABSORBED_ROWS])
    primary = connections[DEFAULT_DB_ALIAS]
    work.position = merged(work.position, log_of(primary).current(primary))
    return {pk: subject for pk, subject in found.items() if subject in subjects}  # a collation takes “a” for “A”
