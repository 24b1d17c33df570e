"""A worker is told the id of a job: the task that does it.

Relays and workers all import this module, and with it the kind of cakes; workers also say that they live.
"""

from celery import shared_task

from scaling.positions import Position
from scaling.replicas import unit_of_work
from scaling.unavailable import OUTAGES

from . import alive, cakes  # noqa: F401, signals of the worker, and a kind
from .dispatch import RUN
from .kinds import KINDS
from .leases import claim
from .models import Job
from .running import perform


@shared_task(name=RUN, throws=OUTAGES)
def run(pk: int, position: Position | None = None) -> None:
    """Do the job, unless somebody else has begun it. It reads where the transaction that submitted it has arrived.
    One of a kind that this release does not know is left to a worker that does."""
    with unit_of_work(position):
        job = Job.objects.filter(pk=pk, kind__in=list(KINDS)).first()
        kind = KINDS[job.kind] if job else None
        if kind and kind.run and (claimed := claim(Job, pk)):
            perform(claimed, kind, kind.run, claimed.arguments)
