"""Database, path 1: write to the primary, read from replicas.

A reader that asks a replica right after a write may not see it, so whoever has written reads from the primary for the
rest of the request, and so does everything inside a transaction. After that the causal token (`scaling.causal`) says
how far a replica must have come for this visitor. Who may do what is always asked of the primary.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.utils.module_loading import import_string

from . import settings
from .clock import now_us
from .monitor import monitor
from .positions import Position, log_of

WAIT_SECONDS = 0.05  # for a replica to reach what a visitor has written
READING = {"SELECT", "SHOW", "SET", "EXPLAIN", "DESCRIBE", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"}
DATABASE_OUTAGES = (OperationalError, InterfaceError)
# Refused, ended or broken connections: too many, shutdown, killed, no server, gone away, lost during a statement.
SERVER_LOST = 2013
LOST = {1040, 1053, 1152, 1927, 2002, 2003, 2006, SERVER_LOST, 2055}


@dataclass(slots=True)
class Work:
    """What is known of the running request or task."""

    position: Position = field(default_factory=dict)  # what it must see
    bears_token: bool = False  # its visitor has written shortly before
    is_built: bool = True  # the cache holds what that has changed
    began_at: int = field(default_factory=now_us)  # microseconds since 1970
    blocks: int = 0  # of `primary()` around us
    is_bound: bool = False  # to the primary until the end: it asked for writing, or no replica was far enough
    written_on: Any = None  # the connection to the primary that something was written on
    alias: str = ""  # where it reads, chosen at its first read
    without_primary: bool = False  # the primary has failed under it
    has_read_behind: bool = False  # it assembled from a replica: nothing of that may be stored
    has_moved: bool = False  # it is run for the second time
    waits_until: float = math.inf  # (time.monotonic) for others who read or build


_work: ContextVar[Work | None] = ContextVar("work", default=None)
_opened_in = threading.local()


def current() -> Work:
    """The running unit of work; outside of one, a work that lasts as long as the thread's context."""
    work = _work.get()
    if work is None:
        work = Work()
        _work.set(work)
    return work


@contextmanager
def unit_of_work(position: Position | None = None) -> Iterator[Work]:
    """A request or a task: it begins free to read from any replica that has reached `position`, and what it writes
    binds nobody after it."""
    _close_the_worthless()
    token = _work.set(Work(position or {}))
    try:
        yield current()
    finally:
        _work.reset(token)


@contextmanager
def primary() -> Iterator[None]:
    """Reads inside the block go to the primary."""
    work = current()
    work.blocks += 1
    try:
        yield
    finally:
        work.blocks -= 1


@contextmanager
def own_writes() -> Iterator[None]:
    """For listings and search: nobody can tell which of them a write has moved, so whoever has written shortly
    before asks the primary."""
    if current().bears_token and _has_primary(current()):
        with primary():
            yield
    else:
        yield


def read_alias() -> str:
    """Where this request or task reads: one replica, the next for each, or the primary once it has written."""
    work = current()
    if work.blocks or connections[DEFAULT_DB_ALIAS].in_atomic_block:
        return _the_primary()
    if work.is_bound and _has_primary(work):
        return DEFAULT_DB_ALIAS
    if not work.alias:
        work.alias = _choose(work)
        monitor().reads[work.alias] += 1
    monitor().asked[work.alias] += 1
    return work.alias


def _the_primary() -> str:
    """Its alias. While it is known to be down nobody waits for it, and no thread is held up: the error comes at once,
    as it would after the time-out."""
    if monitor().primary_is_down():
        raise OperationalError(SERVER_LOST, "The primary is down.")
    return DEFAULT_DB_ALIAS


def _choose(work: Work) -> str:
    """The next replica, if it has reached what must be seen; else the primary, and without one whoever is there."""
    watched = monitor()
    for alias in watched.in_service()[:1]:
        if watched.reached(alias, work.position) or _reaches(alias, work.position):
            return alias
    return DEFAULT_DB_ALIAS if _has_primary(work) else next(iter(watched.reachable()), DEFAULT_DB_ALIAS)


def _has_primary(work: Work) -> bool:
    return not work.without_primary and not monitor().primary_is_down()


def _reaches(alias: str, position: Position) -> bool:
    """Wait shortly for a replica; a failing one is left out."""
    watched = monitor()
    if not watched.may_reach(alias):
        return False
    try:
        return log_of(connections[alias]).wait(connections[alias], position, WAIT_SECONDS)
    except DATABASE_OUTAGES as error:
        connections[alias].close()
        watched.leave_out(alias, str(error))
        return False


def move_elsewhere(error: Exception) -> bool:
    """After a failure: leave out who failed, and read from somebody else. False if nobody did, or for the second
    time."""
    work = current()
    aliases = {DEFAULT_DB_ALIAS, work.alias or DEFAULT_DB_ALIAS}
    failed = {alias for alias in aliases if connections[alias].errors_occurred}
    failed |= {DEFAULT_DB_ALIAS} if monitor().primary_is_down() else set()
    if work.has_moved or not failed or not _is_lost(error):
        return False
    work.has_moved = True
    for alias in failed:
        connections[alias].close()
        if alias in settings.REPLICAS:
            monitor().leave_out(alias, str(error))
    if DEFAULT_DB_ALIAS in failed:
        work.without_primary = True
        work.alias = next((alias for alias in monitor().reachable() if alias not in failed), DEFAULT_DB_ALIAS)
    else:
        work.alias = DEFAULT_DB_ALIAS
    return True


def _is_lost(error: Exception) -> bool:
    """Whether the server failed, and not the statement."""
    if isinstance(error, OperationalError):
        return bool(error.args) and error.args[0] in LOST
    return isinstance(error, InterfaceError)


@contextmanager
def snapshot() -> Iterator[str]:
    """One read-only moment of the database for assembling: yields the alias to read with `.using()`.

    Version and data are read in the same snapshot: an old price never gets the new version's label. Inside a
    transaction of the primary it is that transaction, which sees its own writes. With the primary down it is a
    replica's, and `may_store` says no from then on.
    """
    alias = _snapshot_alias()
    _read_one_moment(connections[alias])
    with transaction.atomic(using=alias):
        yield alias


def may_store() -> bool:
    """Whether what this unit of work assembles is as new as the primary, and is there for everybody to see."""
    work = current()
    return not (work.has_read_behind or not _has_primary(work) or _is_in_transaction())


def _is_in_transaction() -> bool:
    """Inside a transaction things are seen that may be rolled back. One that a test puts around itself does not
    count."""
    blocks = connections[DEFAULT_DB_ALIAS].atomic_blocks
    return any(not block._from_testcase for block in blocks)  # type: ignore[attr-defined]


def _snapshot_alias() -> str:
    connection, work = connections[DEFAULT_DB_ALIAS], current()
    if connection.in_atomic_block:
        return DEFAULT_DB_ALIAS
    if connection.vendor == "sqlite":
        return next(iter(settings.REPLICAS), DEFAULT_DB_ALIAS)  # the same file; a reader of it holds up no writer
    if not _has_primary(work):
        work.has_read_behind = True
        return next(iter(monitor().reachable()), DEFAULT_DB_ALIAS)
    return DEFAULT_DB_ALIAS  # what is stored must not come from a replica that is behind


def _read_one_moment(connection: BaseDatabaseWrapper) -> None:
    """MySQL and MariaDB are told for each transaction; in SQLite every transaction sees one moment."""
    if connection.vendor == "mysql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def notice_writes(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: whatever is written on the primary from now on marks the unit of work."""
    if connection.alias == DEFAULT_DB_ALIAS and _noticing_execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_noticing_execute)


def _noticing_execute(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
    if is_write(sql):
        work = current()
        work.is_bound, work.written_on = True, context["connection"].connection
    return execute(sql, params, many, context)


def last_written() -> Position:
    """A position that holds all that this thread has committed on the primary."""
    connection = connections[DEFAULT_DB_ALIAS]
    return log_of(connection).last_written(connection)


def is_write(sql: str) -> bool:
    """Anything that does not plainly read. `WITH` may do either, so it counts."""
    verb = sql.lstrip("( \n\t")[:10].split(None, 1)
    return not verb or verb[0].upper() not in READING


def _close_the_worthless() -> None:
    """Connections of this thread to servers that have been down since, or are somewhere else now."""
    for alias, generation in list(monitor().generations.items()):
        seen = _opened_in.__dict__.setdefault("generations", {})
        if seen.get(alias, 0) != generation and not connections[alias].in_atomic_block:
            connections[alias].close()
            seen[alias] = generation


def _elsewhere(model: type[Model]) -> str:
    """The alias of a model that lies beside the primary and its replicas, or nothing."""
    told = settings.MODELS_ELSEWHERE.get(model._meta.label_lower)
    alias = import_string(told)() if told else DEFAULT_DB_ALIAS
    return "" if alias == DEFAULT_DB_ALIAS else alias


class Router:
    """The one router. It always answers: else Django would fall back to the alias an object came from. Only the
    primary is migrated."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        if alias := _elsewhere(model):
            return alias
        if settings.PRIMARY_ONLY & {model._meta.app_label, model._meta.label_lower}:
            return _the_primary()
        return read_alias()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        if alias := _elsewhere(model):
            return alias
        current().is_bound = True
        return _the_primary()

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
