"""What workers do for the catalogue."""

import logging
from collections import defaultdict

from celery import shared_task

from jobs.tasks import outbox_task
from scaling.cache import registry
from scaling.comparing import BusyError
from scaling.sampler import RUN_SECONDS, sampling
from scaling.unavailable import OUTAGES

from . import shelf  # noqa: F401, says which listing a key is

log = logging.getLogger(__name__)


@outbox_task(batch=100)
def refresh(subjects: list[str]) -> None:
    """Build objects again after a change; subjects are like `product:12`. It may run twice, and late."""
    ids = defaultdict(list)
    for subject in subjects:
        name, _, pk = subject.partition(":")
        ids[name].append(int(pk))
    for name, pks in ids.items():
        registry[name].refresh(pks)


@shared_task(name="products.tasks.sample", ignore_result=True, time_limit=3 * RUN_SECONDS)
def sample() -> None:
    """A run of the sampler. With a server away nothing is compared, and the next run begins where this one did."""
    try:
        with sampling(seconds=RUN_SECONDS) as sampler:
            sampler.run()
    except (*OUTAGES, BusyError) as why:
        log.warning("The sampler gives up until its next run: %s", why)
