"""For Prometheus: what was answered, which processes there are, how replicas, queues, jobs and published pages stand,
what waits in the outbox, what the sampler has found, and whether the cache is there."""

from collections.abc import Callable, Sequence
from itertools import chain
from secrets import compare_digest

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from jobs.backlog import backlog
from jobs.overview import job_counts
from jobs.page_overview import figures
from jobs.queues import depths
from scaling.metrics import CONTENT_TYPE, Metric, Summary, of_keep, of_this_process, page
from scaling.traffic_metrics import of_replicas, of_the_fleet, of_traffic
from scaling.unavailable import OUTAGES


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Of this process, and of all together. Only for who bears METRICS_TOKEN; without one nobody finds it, except
    with XRAY on. A server that is away takes its figures along, and no others."""
    if not (settings.METRICS_TOKEN or settings.XRAY):
        raise Http404("There is no such page.")
    if settings.METRICS_TOKEN and not _bears_token(request):
        response = HttpResponse("Who asks?\n", status=401, content_type="text/plain")
        response["WWW-Authenticate"] = "Bearer"
    else:
        response = HttpResponse(page(all_metrics()), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def all_metrics() -> list[Metric | Summary]:
    found: list[Metric | Summary] = [*of_this_process()]
    answers = []
    for server, asks in ASKED.items():
        told = [_asked(ask) for ask in asks]
        found += chain.from_iterable(told)
        answers.append(({"server": server}, all(told)))
    return [*found, Metric("metrics_answered", "gauge", "0 when a server has not told all of its figures.", answers)]


def of_the_outbox() -> list[Metric]:
    waiting = backlog()
    rows = [
        ({"task": each.task, "state": state}, getattr(each, state))
        for each in waiting
        for state in ("to_send", "not_done", "for_later")
    ]
    oldest = [({"task": each.task}, each.oldest or 0.0) for each in waiting]
    return [
        Metric("outbox_rows", "gauge", "What waits: to be sent, sent and not done, and for a later moment.", rows),
        Metric("outbox_oldest_seconds", "gauge", "How long the oldest waits that is not for later.", oldest),
    ]


def of_the_pages() -> list[Metric]:
    """Of this release."""
    told, mine = figures(), {"release": settings.RELEASE}
    oldest = [] if told.oldest is None else [(mine, told.oldest)]
    return [
        Metric("pages_published", "gauge", "Pages that are in place.", [(mine, told.published)]),
        Metric("pages_failed", "gauge", "Pages that cannot be rendered.", [(mine, told.failed)]),
        Metric("pages_oldest_seconds", "gauge", "How long ago the oldest page was published.", oldest),
        Metric(
            "pages_waiting",
            "gauge",
            "Rows of the outbox that wait for pages to be published.",
            [(mine, told.waiting)],
        ),
    ]


def of_the_queues() -> list[Metric]:
    messages = [({"queue": name}, count) for name, count in depths().items()]
    return [Metric("queue_messages", "gauge", "Messages that wait for a worker, and dead letters.", messages)]


def of_the_jobs() -> list[Metric]:
    counted, oldest = job_counts()
    rows = [({"lane": lane, "state": state}, count) for (lane, state), count in sorted(counted.items())]
    waits = [({"lane": lane}, seconds) for lane, seconds in sorted(oldest.items())]
    return [
        Metric("jobs", "gauge", "Queued, running, and failed within a day.", rows),
        Metric("jobs_oldest_seconds", "gauge", "How long the oldest waits that is queued.", waits),
    ]


ASKED: dict[str, list[Callable[[], Sequence[Metric | Summary]]]] = {
    "keep": [of_keep, of_traffic, of_replicas, of_the_fleet],
    "primary": [of_the_outbox, of_the_pages, of_the_jobs],
    "broker": [of_the_queues],
}


def _asked(ask: Callable[[], Sequence[Metric | Summary]]) -> Sequence[Metric | Summary]:
    try:
        return ask()
    except OUTAGES:
        return []


def _bears_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
