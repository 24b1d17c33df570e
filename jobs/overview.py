"""How jobs, queues and workers stand, for whoever runs the shop: the admin and `manage.py jobs` show it."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone
from redis.exceptions import RedisError

from scaling.fleet import Member
from scaling.unavailable import OUTAGES

from .alive import workers
from .models import Job, State
from .queues import depths, names

RECENTLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """`oldest` is how long the oldest waits, in seconds. `messages` of the broker and `workers` that live are None
    when nobody answers who knows. Failed ones are those of a day."""

    name: str
    queued: int
    running: int
    failed: int
    oldest: float | None
    messages: int | None
    workers: int | None


def lanes() -> list[Lane]:
    """Every lane, and the dead letters last."""
    counted, oldest = job_counts()
    messages, alive = _messages(), alive_or_none()
    serving = None if alive is None else Counter(lane for worker in alive for lane in worker.lanes)
    return [
        Lane(
            name,
            counted[name, State.QUEUED],
            counted[name, State.RUNNING],
            counted[name, State.FAILED],
            oldest.get(name),
            messages.get(name),
            None if serving is None else serving[name],
        )
        for name in names()
    ]


def alive_or_none() -> list[Member] | None:
    """The workers that live; None when nobody can tell."""
    try:
        return workers()
    except RedisError:
        return None


def job_counts() -> tuple[Counter[tuple[str, str]], dict[str, float]]:
    """Jobs by lane and state, and by lane how many seconds the oldest waits that is queued."""
    now = timezone.now()
    counted: Counter[tuple[str, str]] = Counter()
    oldest: dict[str, float] = {}
    unfinished = Job.objects.unfinished()
    failed = Job.objects.filter(state=State.FAILED, finished_at__gt=now - RECENTLY)
    for jobs in (unfinished, failed):
        rows = jobs.values_list("lane", "state").annotate(count=Count("pk"), since=Min("created_at"))
        for lane, state, count, since in rows.order_by():
            counted[lane, state] = count
            if state == State.QUEUED:
                oldest[lane] = max(0.0, (now - since).total_seconds())
    return counted, oldest


def _messages() -> dict[str, int]:
    try:
        return depths()
    except OUTAGES:
        return {}
