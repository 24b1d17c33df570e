"""What this request cost: SQL statements by alias, round trips by server, the cached objects it used.

A page that has become slow rarely says why. Here every response can carry the answer in its `Server-Timing` header,
so that anybody with a browser can see what was asked of whom; tests assert the same counters.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from redis.connection import Connection
from redis.exceptions import ResponseError

from . import settings
from .breaker import CACHE, LOST, UnfitError, is_unfit
from .clock import now_us

NAMED_OBJECTS = 40  # in the header


@dataclass(slots=True)
class Cost:
    """Counted since the request began. `objects` holds (name, id, version, stored at), times in microseconds, of what
    was there; `misses` counts by name what was not."""

    sql: Counter = field(default_factory=Counter)
    trips: Counter = field(default_factory=Counter)
    misses: Counter = field(default_factory=Counter)
    objects: list[tuple[str, int, int, int]] = field(default_factory=list)


_cost: ContextVar[Cost | None] = ContextVar("cost", default=None)


def current() -> Cost:
    """The running request's cost; outside of a request, one that lasts as long as the thread's context."""
    cost = _cost.get()
    if cost is None:
        cost = Cost()
        _cost.set(cost)
    return cost


@contextmanager
def measured() -> Iterator[Cost]:
    """Count afresh inside the block, for tests and commands."""
    token = _cost.set(Cost())
    try:
        yield current()
    finally:
        _cost.reset(token)


def count_sql(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: count what this connection executes from now on."""
    if _counting_execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_counting_execute)


def _counting_execute(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
    current().sql[context["connection"].alias] += 1
    return execute(sql, params, many, context)


class CountedConnection(Connection):
    """Counts each write to the socket: a pipeline is one round trip however many commands it holds. A server that
    says it cannot serve counts as one that is away."""

    server = "cache"

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        current().trips[self.server] += 1
        super().send_packed_command(command, check_health=check_health)

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except ResponseError as error:
            if not is_unfit(error):
                raise
            self.disconnect()  # other answers of a pipeline are on their way
            raise UnfitError(str(error)) from error


class CacheConnection(CountedConnection):
    """Behind a breaker: while the server is away nobody waits for it."""

    server = "cache"

    def __init__(self, **options: Any) -> None:
        super().__init__(redis_connect_func=_begin, **options)

    def connect(self) -> None:
        CACHE.check()
        try:
            super().connect()
        except LOST:
            CACHE.note_failure()
            raise

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        CACHE.check()
        try:
            super().send_packed_command(command, check_health=check_health)
        except LOST:
            CACHE.note_failure()
            raise

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except LOST:
            CACHE.note_failure()
            raise


def _begin(connection: CacheConnection) -> None:
    """Of each new connection to `cache`, before anybody has it. One that nobody vouched for does not stay."""
    connection.on_connect()
    try:
        CACHE.vouch(connection)
    except BaseException:
        connection.disconnect()
        raise


class KeepConnection(CountedConnection):
    server = "keep"


class XrayMiddleware:
    """Each request is counted by itself. `Server-Timing` tells of it while the setting XRAY is on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        token = _cost.set(Cost())
        try:
            response = self.get_response(request)
            cost = current()
        finally:
            _cost.reset(token)
        if settings.XRAY:
            response["Server-Timing"] = server_timing(cost, (time.perf_counter() - started) * 1000)
        return response


def server_timing(cost: Cost, total_ms: float) -> str:
    """The header's value. Ages are seconds; at most NAMED_OBJECTS objects are named, the rest are counted."""
    now = now_us()
    parts = [f"total;dur={total_ms:.1f}"]
    parts += [f'sql-{alias};desc="{cost.sql[alias]} statements"' for alias in connections]
    parts += [f'{server};desc="{cost.trips[server]} round trips"' for server in ("cache", "keep")]
    for name, pk, version, stored_at in cost.objects[:NAMED_OBJECTS]:
        parts.append(f'{name}-{pk};desc="version {version} age {(now - stored_at) / 1e6:.1f} s"')
    if len(cost.objects) > NAMED_OBJECTS:
        parts.append(f'more;desc="{len(cost.objects) - NAMED_OBJECTS} more objects"')
    return ", ".join(parts)
