"""The tasks of cached objects: any kind that is registered, whoever declared it."""

import logging
from collections import defaultdict

from celery import shared_task

from scaling.comparing import BusyError
from scaling.kinds import registry
from scaling.sampler import RUN_SECONDS, sampling
from scaling.unavailable import OUTAGES

from .reach import raise_unseen
from .tasks import outbox_task
from .walks import walk as walk_on
from .watched import FORMER_REFRESH, REACH, REFRESH, WALK

BATCH = 100
REACH_BATCH = 10  # each may have thousands of owners
WALK_BATCH = 2  # so that rows of one subject are merged
SAMPLE, FORMER_SAMPLE = "jobs.objects.sample", "products.tasks.sample"
log = logging.getLogger(__name__)


def _refresh(subjects: list[str]) -> None:
    """Build objects again after a change; subjects are like `product:12`. It may run twice, and late."""
    ids = defaultdict(list)
    for subject in subjects:
        name, _, pk = subject.partition(":")
        ids[name].append(int(pk))
    for name, pks in ids.items():
        registry[name].refresh(pks)


def _sample() -> None:
    """A run of the sampler. With a server away nothing is compared, and the next run begins where this one did."""
    try:
        with sampling(seconds=RUN_SECONDS) as sampler:
            sampler.run()
    except (*OUTAGES, BusyError) as why:
        log.warning("The sampler gives up until its next run: %s", why)


reach = outbox_task(batch=REACH_BATCH, name=REACH)(raise_unseen)
walk = outbox_task(batch=WALK_BATCH, lane="bulk", name=WALK)(walk_on)

# Rows and messages of the release before name the former ones: they go one release after this.
refresh = outbox_task(batch=BATCH, name=REFRESH)(_refresh)
former_refresh = outbox_task(batch=BATCH, name=FORMER_REFRESH)(_refresh)
sample = shared_task(name=SAMPLE, ignore_result=True)(_sample)
former_sample = shared_task(name=FORMER_SAMPLE, ignore_result=True)(_sample)
