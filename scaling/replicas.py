"""Database, path 1: write to the primary, read from replicas.

A reader that asks a replica right after a write may not see it, so whoever has written reads from the primary for the
rest of the request, and so does everything inside a transaction. Who may do what is always asked of the primary.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

_turns = count()


@dataclass(slots=True)
class Work:
    """What is known of the running request or task."""

    on_primary: bool = False  # a block asks for it
    has_written: bool = False
    replica: str = ""  # chosen at its first read, and kept


_work: ContextVar[Work | None] = ContextVar("work", default=None)


def _current() -> Work:
    """The running unit of work; outside of one, a work that lasts as long as the thread's context."""
    work = _work.get()
    if work is None:
        work = Work()
        _work.set(work)
    return work


@contextmanager
def unit_of_work() -> Iterator[None]:
    """A request or a task: it begins free to read from a replica, and what it writes binds nobody after it."""
    token = _work.set(Work())
    try:
        yield
    finally:
        _work.reset(token)


@contextmanager
def primary() -> Iterator[None]:
    """Reads inside the block go to the primary."""
    work = _current()
    before, work.on_primary = work.on_primary, True
    try:
        yield
    finally:
        work.on_primary = before


def read_alias() -> str:
    """Where this request or task reads: one replica, the next for each, or the primary once it has written."""
    work = _current()
    if work.on_primary or work.has_written or connections[DEFAULT_DB_ALIAS].in_atomic_block or not settings.REPLICAS:
        return DEFAULT_DB_ALIAS
    if not work.replica:
        work.replica = settings.REPLICAS[next(_turns) % len(settings.REPLICAS)]
    return work.replica


@contextmanager
def snapshot() -> Iterator[str]:
    """One read-only moment of the database for assembling: yields the alias to read with `.using()`.

    Version and data are read in the same snapshot: an old price never gets the new version's label. Inside a
    transaction of the primary it is that transaction, which sees its own writes.
    """
    primary_connection = connections[DEFAULT_DB_ALIAS]
    if primary_connection.vendor == "sqlite" and not primary_connection.in_atomic_block:
        alias = settings.REPLICAS[0]  # the same file, and a reader there holds up no writer
    else:
        alias = DEFAULT_DB_ALIAS  # what is stored must not come from a replica that is behind
    _read_one_moment(connections[alias])
    with transaction.atomic(using=alias):
        yield alias


def _read_one_moment(connection: BaseDatabaseWrapper) -> None:
    """MySQL and MariaDB are told for each transaction; in SQLite every transaction sees one moment."""
    if connection.vendor == "mysql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


class Router:
    """The one router. It always answers: else Django would fall back to the alias an object came from."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        if model._meta.app_label in settings.PRIMARY_ONLY_APPS:
            return DEFAULT_DB_ALIAS
        return read_alias()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        _current().has_written = True
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


class ReplicaMiddleware:
    """Makes each request a unit of work."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with unit_of_work():
            return self.get_response(request)
