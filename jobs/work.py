"""Queue it: jobs are submitted, cancelled, tried again and handed over here.

The row is the truth. It is written in the transaction of what it belongs to, answers at once, and waits: the relay
sends its id to the workers, again and again until one has claimed it (`jobs.dispatch`). So the row is its own outbox
row: what must not be lost is written down once.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from scaling.requests import request_id
from scaling.retries import retried

from . import signal
from .ends import settle
from .kinds import KINDS, JobKind, job_kind, kind_of
from .models import Job, Render, State, Work, new_key
from .places import TooMany, free_places, seated

__all__ = ["KINDS", "TooMany", "cancel", "hand_over", "job_kind", "join", "retry", "submit"]


def submit(
    kind: str,
    owner: str,
    arguments: dict[str, Any],
    *,
    title: str = "",
    key: str | None = None,
    render: Render | None = None,
) -> Job:
    """A job, to be done soon. Call it in the transaction of what it belongs to.

    The same `key` from the same owner again is the job that is there. With a `render`, whose row is locked by the
    caller, the job is done when the render is. Raises TooMany.
    """
    found = Job.objects.filter(key=key).first() if key else None
    if found and found.owner == owner:
        return found
    declared = KINDS[kind]
    job = Job(
        kind=kind,
        owner=owner,
        arguments=arguments,
        title=title[:200],
        lane=declared.lane,
        last_attempt=declared.attempts,
        render=render,
        key=key if key and not found else new_key(),
        request_id=request_id(),
    )
    try:
        job = seated(declared, owner, lambda place: _inserted(job, place))
    except IntegrityError:
        if twin := Job.objects.filter(key=key, owner=owner).first():  # of the same moment
            return twin
        raise
    if render:
        join(job, render, declared)
    signal.changed([owner])
    return job


def _inserted(job: Job, place: int | None) -> Job:
    job.place = place
    job.save(force_insert=True)
    job.refresh_from_db()
    return job


def join(job: Job, render: Render, kind: JobKind) -> None:
    """Let a queued job follow a render whose row is locked, wherever that is by now."""
    if render.state == State.DONE:
        settle(Job.objects.filter(pk=job.pk), State.DONE, result=render.result)
    elif render.is_finished:
        _queue_again(render, kind)
    elif render.state == State.RUNNING:
        Job.objects.filter(pk=job.pk).update(state=State.RUNNING, started_at=timezone.now())
    job.refresh_from_db()


@retried
@transaction.atomic
def cancel(job: Job) -> bool:
    """Nobody wants it any more. What runs stops at its next step. False when it had ended before."""
    render = locked(job)
    ended = Job.objects.unfinished().filter(pk=job.pk)
    if not ended.update(state=State.CANCELLED, place=None, lease_until=None, finished_at=timezone.now()):
        return False
    if render and not render.jobs.unfinished().exists():
        Render.objects.unfinished().filter(pk=render.pk).update(
            state=State.CANCELLED, lease_until=None, finished_at=timezone.now()
        )
    job.refresh_from_db()
    signal.changed([job.owner])
    return True


@retried
@transaction.atomic
def retry(job: Job) -> bool:
    """Try what failed or was cancelled again, from its last checkpoint. False when there is nothing to try. Raises
    TooMany."""
    render = locked(job)
    job.refresh_from_db(from_queryset=Job.objects.select_for_update())  # another retry waits, and sees ours
    if job.state not in (State.FAILED, State.CANCELLED):
        return False
    kind = kind_of(job.kind, job.lane)
    fresh = {"notified": False, "sent": 0, "again_at": Now(), "request_id": request_id()}
    seated(kind, job.owner, lambda place: _queue_again(job, kind, place=place, **fresh))
    job.refresh_from_db()
    if render:
        join(job, render, kind)
    signal.changed([job.owner])
    return True


def _queue_again(work: Work, kind: JobKind, **changes: Any) -> None:
    type(work).objects.filter(pk=work.pk).update(
        state=State.QUEUED,
        last_attempt=F("attempt") + kind.attempts,
        error="",
        finished_at=None,
        has_files=True,
        **changes,
    )


@retried
@transaction.atomic
def hand_over(old_owner: str, new_owner: str) -> None:
    """Everything of the one is the other's from now on: a guest has signed in. Nothing is refused for being
    too much."""
    jobs = Job.objects.filter(owner=old_owner)
    for job in jobs.exclude(place=None).order_by("pk"):
        # One that has ended meanwhile has given up its place.
        Job.objects.unfinished().filter(pk=job.pk).update(place=_place_at(new_owner, job.kind), owner=new_owner)
    jobs.update(owner=new_owner)
    signal.changed([old_owner, new_owner])


def _place_at(owner: str, kind: str) -> int | None:
    return next(iter(free_places(KINDS[kind], owner)), None) if kind in KINDS else None


def locked(job: Job) -> Render | None:
    """The job's render, which nobody else changes until this transaction ends. Renders are locked before jobs."""
    return Render.objects.select_for_update().get(pk=job.render_id) if job.render_id else None
