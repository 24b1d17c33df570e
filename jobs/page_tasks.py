"""Asynchronism, way 1: what workers do to have the pages published."""

from celery import shared_task

from scaling import settings
from scaling.pages import publish, unpublish
from scaling.sites import site

from .moved import LOOK, moved_in
from .outbox import enqueue
from .pages import enqueue_pages, publisher_of
from .reconciling import reconcile as look_at_all
from .spreading import SPREAD, spread
from .tasks import outbox_task

BATCH = 20


def _publish(paths: list[str]) -> None:
    """Have these pages in place as they are now. It may run twice, and late."""
    if settings.PUBLISH == "off":
        return
    wanted = [path for path in paths if site().wants(path)]
    publish(wanted)
    unpublish(path for path in paths if path not in wanted)


def _look(listings: list[str]) -> None:
    """Have the pages published whose slices of these long listings are others now."""
    if settings.PUBLISH != "off":
        enqueue_pages(moved_in(listings))


def _spread(objects: list[str]) -> None:
    """Have the next pages published that show these objects as they were."""
    if settings.PUBLISH == "off":
        return
    for each in objects:
        pages, left = spread(each)
        enqueue_pages(pages, later=True)
        if left:
            enqueue(SPREAD, left)


def _tick() -> None:
    """Every minute: pages that show what time it is."""
    if settings.PUBLISH != "off":
        enqueue_pages((settings.RELEASE, path) for path in site().timed())


# Changes that came together were merged when their objects were built: what follows from that need not wait again.
publish_task = outbox_task(batch=BATCH, ripens=False, name=publisher_of(settings.RELEASE, later=False))(_publish)
publish_later = outbox_task(batch=BATCH, lane="bulk", name=publisher_of(settings.RELEASE, later=True))(_publish)
look = outbox_task(batch=BATCH, lane="bulk", name=LOOK)(_look)
spread_task = outbox_task(batch=BATCH, lane="bulk", name=SPREAD)(_spread)
reconcile = shared_task(name="jobs.page_tasks.reconcile", ignore_result=True)(look_at_all)
tick = shared_task(name="jobs.page_tasks.tick", ignore_result=True)(_tick)
