"""How work ends: in one transaction the state, and the outbox row by which the owner is told, once.

Every verb here says for which attempt it speaks, and returns False when that attempt counts no longer.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from scaling.retries import retried

from . import signal
from .kinds import KINDS
from .models import Job, State, Work, WorkQuerySet
from .outbox import enqueue_many

MOST_OF_AN_ERROR = 500  # characters


@retried
@transaction.atomic
def finish(work: Work, result: dict[str, Any]) -> bool:
    """It is done."""
    return _end(work, State.DONE, result=result, error="")


@retried
@transaction.atomic
def fail(work: Work, reason: str) -> bool:
    """It is given up, for this reason."""
    return _end(work, State.FAILED, error=reason[:MOST_OF_AN_ERROR])


@retried
@transaction.atomic
def give_back(work: Work, reason: str, *, seconds: float = 0, is_expired: bool = False) -> bool:
    """Somebody else shall go on, after so many seconds; or it has failed, when this was the last attempt. With
    `is_expired` only if its lease has not been renewed meanwhile."""
    expired = {"lease_until__lt": Now()} if is_expired else {}
    if not _rows(work).filter(**expired).update(error=reason[:MOST_OF_AN_ERROR]):
        return False
    if work.attempt >= work.last_attempt:
        return _end(work, State.FAILED, error=reason[:MOST_OF_AN_ERROR])
    return _queue(work, seconds)


@retried
@transaction.atomic
def hand_back(work: Work) -> bool:
    """Somebody else shall go on at once, and this attempt does not count against it: the worker was told to end."""
    _rows(work).update(last_attempt=F("last_attempt") + 1)
    return _queue(work, 0)


def _queue(work: Work, seconds: float) -> bool:
    if not _rows(work).update(state=State.QUEUED, lease_until=None):
        return False
    jobs = _waiting(work)
    jobs.update(state=State.QUEUED, sent=0, again_at=Now() + timedelta(seconds=seconds))
    signal.changed(jobs.values_list("owner", flat=True))
    return True


def settle(jobs: WorkQuerySet, state: State, *, result: dict[str, Any] | None = None, error: str = "") -> None:
    """These jobs have ended, and their owners are to be told. Call it in a transaction."""
    jobs.update(
        state=state, result=result or {}, error=error, place=None, lease_until=None, finished_at=timezone.now()
    )
    untold = jobs.filter(notified=False).exclude(kind__in=[kind.name for kind in KINDS.values() if not kind.tells])
    if task := getattr(settings, "JOBS_TELL", ""):
        enqueue_many(task, list(untold.values_list("key", flat=True)))
    jobs.update(notified=True)
    signal.changed(jobs.values_list("owner", flat=True))


def _end(work: Work, state: State, **changes: Any) -> bool:
    whole = {"progress": 100} if state == State.DONE else {}
    if not _rows(work).update(state=state, lease_until=None, finished_at=timezone.now(), **whole, **changes):
        return False
    settle(_waiting(work), state, **changes)
    return True


def _rows(work: Work) -> WorkQuerySet:
    return type(work)._default_manager.of_attempt(work)  # type: ignore[attr-defined]


def _waiting(work: Work) -> WorkQuerySet:
    """The jobs that wait for this piece of work. Its row is locked by now: nobody joins them or leaves."""
    if isinstance(work, Job):
        return Job.objects.filter(pk=work.pk)
    return Job.objects.filter(
        pk__in=list(Job.objects.unfinished().filter(render=work.pk).values_list("pk", flat=True))
    )
