"""Asynchronism: one row that thousands of objects show.

A category holds twenty thousand products, and search finds each of them by its name. If whoever renames it raised
them all, the transaction would lock as many rows, and as many outbox rows would stand before everybody else's. So the
trigger leaves one row, like `product/products_category:9`, and a worker of the lane for bulk goes through the owners
in the order of their keys: raises some, builds them, goes on. After a few batches the row makes way for another that
says how far it has come, `…:9@1200`, behind whatever else waits. A worker that is killed begins again where its row
says.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from celery import current_app
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Greatest, Least

from scaling.retries import retried
from scaling.unavailable import OUTAGES

from .models import SECOND, Outbox, OutboxQuerySet, now_us
from .sought import Sought, raise_those_there
from .watched import WALK, Watched

BATCH = 100  # objects
BATCHES = 5  # then others have their turn
LEASE_SECONDS = 4  # for one batch: then somebody else goes on
log = logging.getLogger(__name__)


def walk(subjects: Sequence[str]) -> None:
    """Raise and build the next owners of these rows."""
    for subject in subjects:
        _walk(subject, Sought.of(subject))


def _walk(subject: str, sought: Sought) -> None:
    if sought.after and _begins_anew(sought):
        return
    for _ in range(BATCHES):
        _hold(_rows(subject))
        ids = sought.first(BATCH)
        if ids:
            _build(sought.watched, ids)
        if len(ids) < BATCH:
            return
        sought = replace(sought, after=ids[-1])
    _go_on(subject, sought)


def _begins_anew(sought: Sought) -> bool:
    """Whether the row was changed once more: that walk, from the first owner on, does for this one, and is as old.
    One that a worker has taken already may be about to end: it does for nobody."""
    since = _rows(str(sought)).aggregate(Min("created_at"))["created_at__min"]
    anew = _rows(str(replace(sought, after=0))).filter(attempt=0)
    return bool(since and anew.update(created_at=Least("created_at", since)))


def _go_on(subject: str, sought: Sought) -> None:
    """Behind what waits. As old as the change is: who waits for what came before some moment waits for this."""
    since = _rows(subject).aggregate(Min("created_at"))["created_at__min"]
    Outbox.objects.create(task=WALK, subject=str(sought), created_at=since or now_us())


def _build(watched: Watched, ids: Sequence[int]) -> None:
    """Those that cannot be built hold up no other: they have outbox rows of their own, and are tried again."""
    rows = _raised(watched, ids)
    try:
        current_app.tasks[watched.task](rows)
    except OUTAGES:
        raise
    except Exception:
        log.exception("Some of %s %d to %d are to be built again", watched.name, ids[0], ids[-1])


@retried
@transaction.atomic
def _raised(watched: Watched, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Raise these, and answer the outbox rows that tell of it. Nobody else is sent them unless we die."""
    raise_those_there(watched, ids)
    subjects = [f"{watched.name}:{pk}" for pk in ids]
    rows = Outbox.objects.begun(slack=SECOND).filter(task=watched.task, subject__in=subjects, moment=None)
    pairs = list(rows.values_list("pk", "subject"))
    _hold(Outbox.objects.filter(pk__in=[pk for pk, _ in pairs]))
    return pairs


def _hold(rows: OutboxQuerySet) -> None:
    rows.update(due_at=now_us() + LEASE_SECONDS * SECOND, attempt=Greatest("attempt", 1))


def _rows(subject: str) -> OutboxQuerySet:
    return Outbox.objects.filter(task=WALK, subject=subject)
