"""Files that nobody needs any more go: a week after its end those of every job.

What a worker kept may be a customer's own: addresses in an export, a picture as it was sent. And a cake that was
stopped leaves a painting that nobody will finish. Pictures that were finished stay: orders show them.
"""

from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from scaling.retries import retried

from . import files
from .models import UNFINISHED, Job, Render, State, WorkQuerySet

KEPT_DAYS = 7
AT_A_TIME = 200
UNWANTED = (State.FAILED, State.CANCELLED)


@shared_task
def clean() -> None:
    """Clean up after some hundreds of jobs and renders, the oldest first. Run twice it finds nothing."""
    since = timezone.now() - timedelta(days=KEPT_DAYS)
    for ended in (Job.objects.exclude(state__in=UNFINISHED), Render.objects.filter(state__in=UNWANTED)):
        due = ended.filter(has_files=True, finished_at__lt=since)
        for pk in due.order_by("finished_at").values_list("pk", flat=True)[:AT_A_TIME]:
            _clean(due.filter(pk=pk))


@retried
@transaction.atomic
def _clean(due: WorkQuerySet) -> None:
    """The row forgets its files, then those go that were there: one that is tried again meanwhile writes others."""
    work = due.select_for_update().first()
    if work is None:
        return
    pictures = {"picture": ""} if isinstance(work, Render) else {}
    due.update(has_files=False, checkpoint="", **pictures)
    transaction.on_commit(partial(files.drop, files.kept(work)), robust=True)
