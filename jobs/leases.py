"""The right to do a piece of work: claimed by one worker, renewed while it lives, and free again soon after it died.

A claim raises `attempt`, and everything written later asks for that number (`of_attempt`). So a worker that was
paused past its lease and wakes can spoil nothing: it finds no row of its own and stops. Without the lease a killed
worker's job would wait for good; without the number two workers would write into one job.
"""

import logging
import socket
import threading
from datetime import timedelta
from typing import TypeVar

from django.db import close_old_connections, connections, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from scaling import settings
from scaling.retries import retried
from scaling.unavailable import OUTAGES

from . import signal
from .ends import give_back
from .models import Job, Render, State, Work

LEASE_SECONDS = 12
RENEW_SECONDS = 3
FREED_ROWS = 100  # a look
log = logging.getLogger(__name__)

_name = socket.gethostname()
W = TypeVar("W", Job, Render)


def name_this_worker(name: str) -> None:
    """What the rows say of who claimed them: a worker's own name, told by Celery."""
    global _name
    _name = name


def this_worker() -> str:
    return _name


@retried
@transaction.atomic
def claim(model: type[W], pk: int) -> W | None:
    """Begin the next attempt at what is queued. None when somebody else has, or when nobody wants it any more."""
    queued = model.objects.filter(pk=pk, state=State.QUEUED)
    began = {"started_at": Coalesce("started_at", Now())}
    if not queued.update(
        state=State.RUNNING,
        attempt=F("attempt") + 1,
        lease_until=Now() + timedelta(seconds=LEASE_SECONDS),
        worker=_name,
        release=settings.RELEASE,
        **began,
    ):
        return None
    work = model.objects.get(pk=pk)
    if isinstance(work, Render):
        work.jobs.unfinished().update(state=State.RUNNING, **began)
        signal.changed(work.jobs.values_list("owner", flat=True))
    elif isinstance(work, Job):
        signal.changed([work.owner])
    return work


class Lease:
    """Renews itself in a thread while the block runs. `is_lost` once the attempt counts no longer: it was overtaken,
    or what it does was cancelled."""

    def __init__(self, work: Work) -> None:
        self.work, self.is_lost = work, False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease of {work}", daemon=True)

    def __enter__(self) -> "Lease":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self.is_lost and not self._over.wait(RENEW_SECONDS):
                self._renew()
        finally:
            connections.close_all()  # this thread's own

    def _renew(self) -> None:
        """A database that is away is asked again: the lease may outlast it."""
        close_old_connections()
        try:
            rows = type(self.work)._default_manager.of_attempt(self.work)  # type: ignore[attr-defined]
            self.is_lost = not rows.update(lease_until=Now() + timedelta(seconds=LEASE_SECONDS))
        except OUTAGES as error:
            log.warning("The lease of %s is not renewed: %s", self.work, error)


def free_expired() -> int:
    """What was held by workers that renew no longer waits again, or has failed if that was the last attempt. Returns
    how many."""
    freed = 0
    for model in (Job, Render):
        for work in model.objects.filter(state=State.RUNNING, lease_until__lt=Now()).order_by("pk")[:FREED_ROWS]:
            freed += give_back(work, f"The worker {work.worker} stopped.", is_expired=True)
    return freed
