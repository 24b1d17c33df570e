"""Probes: a balancer asks each clone whether it lives, and whether it is ready to be sent anything.

Strangers may ask, too: what a driver says of addresses and accounts goes to the log alone.
"""

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from . import settings
from .clones import is_draining
from .replicas import DATABASE_OUTAGES, primary
from .stores import cache, keep

log = logging.getLogger(__name__)
LIVE, READY = "/livez", "/readyz"

_migrated: set[str] = set()  # releases whose migrations have all been seen to be there


class Reason(NamedTuple):
    """Why a clone is not ready. What is `shared` is so for every clone: no balancer gains by asking another."""

    said: str
    shared: bool = False


def unready() -> list[Reason]:
    """Why this clone should be sent nothing; empty when it is ready. Waits as long as the servers' time-outs."""
    return list(_reasons())


def _reasons() -> Iterator[Reason]:
    if is_draining():
        yield Reason("It was told to end.")
    if not settings.RELEASE:
        yield Reason("It does not know its release.")
    for name, store in (("cache", cache), ("keep", keep)):
        try:
            store().ping()
        except RedisError as error:
            log.warning("`%s` does not answer: %s", name, error)
            yield Reason(f"`{name}` does not answer.", shared=True)
    try:
        with primary():
            missing = _missing_migrations()
    except DATABASE_OUTAGES as error:
        log.warning("The primary does not answer: %s", error)
        yield Reason("The primary does not answer.", shared=True)
    else:
        if missing:
            yield Reason(f"The database lacks {missing}: run manage.py migrate.")


def _missing_migrations() -> str:
    """The first migration that this release has and the database has not. Once all are there they stay."""
    connection = connections[DEFAULT_DB_ALIAS]
    if settings.RELEASE in _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return ""
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return str(plan[0][0])
    _migrated.add(settings.RELEASE)
    return ""


class ProbeMiddleware:
    """Answers probes before anybody looks at the host's name or asks for TLS: machines come by address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.probes = {LIVE: livez, READY: readyz}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.probes.get(request.path_info, self.get_response)(request)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nobody else, so that an outage behind it does not get it killed."""
    return _told(["alive"], 200)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with every reason in a line. With `?own` outages of shared servers are told and do not count: a
    balancer that gave up every clone for them would have none left for the pages that need no server."""
    reasons = unready()
    counts = [reason for reason in reasons if not (reason.shared and "own" in request.GET)]
    return _told([reason.said for reason in reasons] or ["ready"], 503 if counts else 200)


def _told(lines: list[str], status: int) -> HttpResponse:
    text = "".join(f"{line}\n" for line in lines)
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
