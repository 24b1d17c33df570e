"""All pages of a site, published by one process as a worker of it would."""

import json
import time

from jobs.page_tasks import BATCH
from scaling.pages import publish
from scaling.replicas import unit_of_work
from scaling.sites import site


def tell() -> None:
    """Publish every page there should be, in batches. Says how many there are, and the seconds."""
    paths = list(site().all())
    began = time.perf_counter()
    there: dict[str, bool] = {}
    for start in range(0, len(paths), BATCH):
        with unit_of_work():
            there |= publish(paths[start : start + BATCH])
    seconds = time.perf_counter() - began
    print(json.dumps([sum(there.values()), seconds]))
