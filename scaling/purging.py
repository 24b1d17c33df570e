"""Asynchronism #1: a cache in front of the published pages (docs/cdn.md) is told which of them are new.

It may be away or slow, and the pages are in place all the same: so nobody waits long for it and nothing fails because
of it. What was not purged shows in the log and in `/metrics`. A cache that asks whether a page is still the same, as
the pages tell it to, needs no purge.
"""

import logging
import time
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from django.utils.module_loading import import_string

from . import settings
from .reading import CACHE_DOWN
from .stores import keep

COUNTS = "purging:counts"
ANSWER_SECONDS = 1.0
TOTAL_SECONDS = 3.0  # for all pages of one call; those that are left then count as failed
DONE = {200, 202, 204, 404}  # 404: the cache has no such page

log = logging.getLogger(__name__)


def purge(paths: Collection[str]) -> None:
    """Have the hook that the setting PUBLISHED_PURGE names drop these pages; called when they are in place. A path is
    like `/shelves/1-bread/?page=2`."""
    if settings.PUBLISHED_PURGE and paths:
        import_string(settings.PUBLISHED_PURGE)(paths)


def http_purge(paths: Collection[str]) -> None:
    """Send `PURGE <path>` for each to CDN_PURGE_URL, over one connection. Never raises, and takes few seconds."""
    url = urlsplit(settings.CDN_PURGE_URL)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    with closing(kind(url.hostname or "", url.port, timeout=ANSWER_SECONDS)) as connection:
        faults = list(_faults(connection, url.path.rstrip("/"), paths))
    if faults:
        log.warning("%d of %d pages were not purged, the first because of: %s", len(faults), len(paths), faults[0])
    with suppress(*CACHE_DOWN):
        keep().hincrby(COUNTS, "purged", len(paths) - len(faults))
        keep().hincrby(COUNTS, "failed", len(faults))


def counts() -> tuple[int, int]:
    """How many pages were purged, and how many could not be; of all processes. Raises RedisError when `keep` is
    down."""
    purged, failed = keep().hmget(COUNTS, "purged", "failed")
    return int(purged or 0), int(failed or 0)


def _faults(connection: HTTPConnection, base: str, paths: Iterable[str]) -> Iterable[str]:
    """Why, for each that was not purged."""
    deadline = time.monotonic() + TOTAL_SECONDS
    for path in paths:
        if time.monotonic() > deadline:
            yield "no time was left"
            continue
        try:
            connection.request("PURGE", f"{base}{path}")
            answer = connection.getresponse()
            answer.read()
            if answer.status not in DONE:
                yield f"{path} was answered {answer.status}"
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            yield f"{path}: {error or type(error).__name__}"
