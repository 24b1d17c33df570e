"""Whose turn it is: the part of the relay that sends queued jobs to the workers, and sends again what is late.

Only a few of each lane are on their way at a time, and of those each owner has as few as the others: one customer's
twenty do not keep another waiting. A message that is lost is sent again; one that comes twice finds the job claimed.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import Now, RowNumber

from scaling.positions import Position
from scaling.replicas import last_written
from scaling.retries import retried
from scaling.unavailable import OUTAGES

from .kinds import KINDS
from .leases import free_expired
from .models import Job, State, WorkQuerySet
from .tracked import asked_by

AHEAD = {"interactive": 100, "bulk": 20, "render": 4}  # jobs of a lane that are sent and not begun
AGAIN_SECONDS = 5  # then 10, then 20 …
AGAIN_SECONDS_AT_MOST = 30
LOOK_AT_ROWS = 500
RUN, DRAW = "jobs.starts.run", "jobs.drawing.draw"  # tasks; the second is known to render workers alone


def turn() -> int:
    """Free what dead workers held, then send what is due. Returns how many were sent."""
    free_expired()
    busy = _busy()
    return sum(_send(lane, busy[lane]) for lane in AHEAD if lane in busy)


def _busy() -> dict[str, Counter[str]]:
    """By lane: each owner who waits or is served, and how many of their jobs are sent or running."""
    on_its_way = Q(state=State.RUNNING) | Q(again_at__gt=Now(), sent__gt=0)
    found: dict[str, Counter[str]] = {}
    unfinished = Job.objects.unfinished().values_list("lane", "owner")
    for lane, owner, count in unfinished.annotate(busy=Count("pk", filter=on_its_way)):
        found.setdefault(lane, Counter())[owner] = count
    return found


def _send(lane: str, busy: Counter[str]) -> int:
    queued = Job.objects.filter(lane=lane, state=State.QUEUED, kind__in=list(KINDS))
    room = AHEAD[lane] - queued.filter(again_at__gt=Now(), sent__gt=0).count()
    if room <= 0:
        return 0
    claimed = _claimed(_by_turns(queued.filter(again_at__lte=Now()), busy)[:room])
    position = last_written() if claimed else {}
    for number, job in enumerate(claimed):
        try:
            _tell(job, position)
        except OUTAGES:
            _put_back(claimed[number:])
            raise
    return len(claimed)


def _by_turns(due: WorkQuerySet, busy: Counter[str]) -> list[Job]:
    """Those first whose owner has the fewest before them; of equals the oldest."""
    nth = Window(RowNumber(), partition_by="owner", order_by="pk")
    rows = list(due.annotate(nth=nth).order_by("nth", "pk")[:LOOK_AT_ROWS])
    return sorted(rows, key=lambda job: (busy[job.owner] + job.nth, job.pk))


@retried
@transaction.atomic
def _claimed(jobs: Sequence[Job]) -> list[Job]:
    """In one transaction: a commit for each would hold up the last of them."""
    return [job for job in jobs if _claim(job)]


def _claim(job: Job) -> bool:
    """The right to send it, which one relay gets."""
    seconds = min(AGAIN_SECONDS * 2**job.sent, AGAIN_SECONDS_AT_MOST)
    mine = Job.objects.filter(pk=job.pk, state=State.QUEUED, sent=job.sent, again_at__lte=Now())
    return bool(mine.update(sent=F("sent") + 1, again_at=Now() + timedelta(seconds=seconds)))


def _tell(job: Job, position: Position) -> None:
    task, pk = (DRAW, job.render_id) if job.render_id else (RUN, job.pk)
    headers = asked_by(job.request_id)
    current_app.send_task(task, args=(pk, position), queue=job.lane, headers=headers, retry=False)


def _put_back(jobs: Sequence[Job]) -> None:
    """As if nobody had tried."""
    for job in jobs:
        Job.objects.filter(pk=job.pk, sent=job.sent + 1).update(sent=job.sent, again_at=Now())
