"""How work ends: in one transaction the state, and the outbox row by which the owner is told, once.

Every verb here says for which attempt it speaks, and returns False when that attempt counts no longer.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
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
    return _end(work, State.DONE, result=result)


@retried
@transaction.atomic
def fail(work: Work, reason: str) -> bool:
    """It is given up, for this reason."""
    return _end(work, State.FAILED, error=reason[:MOST_OF_AN_ERROR])


@retried
@transaction.atomic
def give_back(work: Work, reason: str, *, seconds: float = 0) -> bool:
    """Somebody else shall go on, after so many seconds; or it has failed, when this was the last attempt."""
    if work.attempt >= work.last_attempt:
        return _end(work, State.FAILED, error=reason[:MOST_OF_AN_ERROR])
    return queue(work, error=reason[:MOST_OF_AN_ERROR], seconds=seconds)


def queue(work: Work, *, error: str = "", seconds: float = 0) -> bool:
    """It waits again. Call it in a transaction."""
    rows = type(work)._default_manager.of_attempt(work)  # type: ignore[attr-defined]
    if not rows.update(state=State.QUEUED, lease_until=None, error=error):
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
    enqueue_many(settings.JOBS_TELL, list(untold.values_list("key", flat=True)))
    jobs.update(notified=True)
    signal.changed(jobs.values_list("owner", flat=True))


def _end(work: Work, state: State, **changes: Any) -> bool:
    rows = type(work)._default_manager.of_attempt(work)  # type: ignore[attr-defined]
    if not rows.update(state=state, lease_until=None, finished_at=timezone.now(), **changes):
        return False
    settle(_waiting(work), state, **changes)
    return True


def _waiting(work: Work) -> WorkQuerySet:
    """The jobs that wait for this piece of work. Its row is locked by now: nobody joins them or leaves."""
    if isinstance(work, Job):
        return Job.objects.filter(pk=work.pk)
    return Job.objects.filter(
        pk__in=list(Job.objects.unfinished().filter(render=work.pk).values_list("pk", flat=True))
    )
