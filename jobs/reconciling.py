"""The pages there should be, against those there are: every hour, and when a release begins.

A change publishes what it concerns at once. Whatever was missed all the same, because an index was restored or a
folder was lost, is found here, and so are files that no page is behind.
"""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from scaling import settings, visits
from scaling.addresses import name_of, path_of
from scaling.pages import store
from scaling.reading import CACHE_DOWN
from scaling.sites import site

from .models import Outbox
from .page_models import Page
from .pages import enqueue_pages, publisher_of

LATE_SECONDS = 24 * 3600  # a publisher who comes later than that has been killed
NEVER = datetime.min.replace(tzinfo=UTC)
KEEP_RELEASE = timedelta(days=2)  # one that is not served is there to go back to


def reconcile() -> None:
    """Have every page that there should be, or is, looked at again; forget what nobody needs any more. Where nothing
    is published any more, nothing may be left that a proxy would go on giving."""
    if settings.PUBLISH == "off":
        return drop(settings.RELEASE)
    _fade()
    known = Page.objects.filter(release=settings.RELEASE, size__gte=0).values_list("path", flat=True)
    there = (path_of(name) for name in store().names())
    paths = dict.fromkeys([*site().all(), *known, *there])
    enqueue_pages(((settings.RELEASE, path) for path in paths if name_of(path)), later=True)
    store().tidy(time.time() - LATE_SECONDS)
    Page.objects.filter(release=settings.RELEASE, size=None, published_at__lt=_long_ago()).delete()
    drop_old_releases()


def begin_afresh() -> None:
    """When a release begins: whatever code has made the pages under its name before, this one makes its own. Until a
    page is there, it is served live."""
    drop(settings.RELEASE)
    store().point()
    reconcile()


def drop_old_releases() -> None:
    """Those that are neither served nor this one, and have published nothing for a while."""
    latest = dict(Page.objects.values_list("release").annotate(Max("published_at")))
    for release in {*latest, *store().releases()} - {settings.RELEASE, store().pointed()}:
        if (latest.get(release) or NEVER) < timezone.now() - KEEP_RELEASE:
            drop(release)


def drop(release: str) -> None:
    """All of a release: its pages, what is known of them, and what waits to be published."""
    store().drop(release)
    Page.objects.filter(release=release).delete()
    Outbox.objects.filter(task__in=[publisher_of(release, later) for later in (False, True)]).delete()


def _fade() -> None:
    try:
        visits.fade()
    except CACHE_DOWN:
        return


def _long_ago() -> datetime:
    return timezone.now() - timedelta(seconds=LATE_SECONDS)
