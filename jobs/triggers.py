"""Every change of an object's rows raises its version and adds its outbox row, in the same transaction.

An ORM hook misses bulk updates, many-to-many changes, cascades and whoever types SQL. The database misses nothing, so
it does it: triggers on the object's table and on the tables of its parts. They are declared once, made again after
each migration (some of which drop them), and compared by a system check.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import untold
from .trigger_mysql import MySQL
from .trigger_sql import Dialect
from .trigger_sqlite import SQLite
from .watched import Watched

DIALECTS: dict[str, Dialect] = {"sqlite": SQLite(), "mysql": MySQL()}

_watched: dict[str, Watched] = {}
_adds_only: ContextVar[bool] = ContextVar("adds_only", default=False)
_about_to_be_made: ContextVar[bool] = ContextVar("about_to_be_made", default=False)


def watch(watched: Watched) -> None:
    """Declare an object. Its triggers are made after the next migrate."""
    _watched[watched.name] = watched


def watched_objects() -> dict[str, Watched]:
    """What was declared, by name."""
    return _watched


def wanted(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Every trigger there should be: name to SQL."""
    dialect = DIALECTS[connection.vendor]
    return {name: sql for watched in _watched.values() for name, sql in dialect.triggers(watched).items()}


def installed(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Every trigger of ours there is: name to SQL."""
    with connection.cursor() as cursor:
        return DIALECTS[connection.vendor].installed(cursor)


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """Make the triggers what they should be, and tell what nobody told meanwhile. Doing it twice changes nothing.
    Those of another release go last; where one runs on, they stay (`adding_only`)."""
    connection = connections[using]
    there, should = installed(connection), wanted(connection)
    differing, others = _differing(there, should), _others(there, should)
    if not differing and not untold.is_marked(using):
        _drop(connection, others)
        return
    untold.mark(using)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        _drop(connection, [name for name in differing if name in there])
        for name in differing:
            cursor.execute(should[name])
        _drop(connection, others)
    untold.tell(connection, DIALECTS[connection.vendor], list(_watched.values()))


def _differing(there: dict[str, str], should: dict[str, str]) -> list[str]:
    """Triggers that are missing, or that somebody has altered."""
    return [name for name in should if there.get(name) != should[name]]


def _others(there: dict[str, str], should: dict[str, str]) -> list[str]:
    """Triggers that another release has declared, and that nobody needs any more."""
    return [] if _adds_only.get() else [name for name in there if name not in should]


def _drop(connection: BaseDatabaseWrapper, names: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TRIGGER {name}")


@contextmanager
def suspended(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Bulk loading without a word to anybody, in one transaction. Refresh what was loaded at the end."""
    connection = connections[using]
    with DIALECTS[connection.vendor].suspended(connection):
        yield


def about_to_be_made() -> AbstractContextManager[None]:
    """Around the checks of `migrate`: triggers that differ are told of, and keep it from nothing."""
    return _true(_about_to_be_made)


def adding_only() -> AbstractContextManager[None]:
    """Around the `migrate` of a deploy: the release that runs on needs the triggers that it has declared."""
    return _true(_adds_only)


@contextmanager
def _true(told: ContextVar[bool]) -> Iterator[None]:
    token = told.set(True)
    try:
        yield
    finally:
        told.reset(token)


def remove_before_migrate(sender: Any, using: str, plan: Sequence[Any], **_: Any) -> None:
    """Receiver of `pre_migrate`: SQLite alters a table by making it again, and refuses it while a trigger of another
    table speaks of it. Other databases keep their triggers, so that nothing goes untold meanwhile."""
    connection = connections[using]
    if plan and using == DEFAULT_DB_ALIAS and connection.vendor == "sqlite":
        with transaction.atomic(using=using):
            _drop(connection, list(installed(connection)))


def install_after_migrate(sender: Any, using: str, **_: Any) -> None:
    """Receiver of `post_migrate`: once all tables are there, which is told by the last of them."""
    tables = set(connections[using].introspection.table_names())
    needed = {model._meta.db_table for w in _watched.values() for model in (w.model, *(p.model for p in w.parts))}
    if using == DEFAULT_DB_ALIAS and needed | {Dialect.outbox, Dialect.versions} <= tables:
        install(using)


def check_triggers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """System check jobs.E001: the triggers that were declared are in the database. To `migrate`, which makes them, it
    is the warning jobs.W001. That those of another release stand there besides is the warning jobs.W002."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor not in DIALECTS:
        hint = "Use SQLite, MariaDB or MySQL, or write a Dialect for it (jobs/trigger_sql.py)."
        return [Error(f"No triggers are known for {connection.vendor}.", hint=hint, id="jobs.E002")]
    if Dialect.versions not in connection.introspection.table_names():
        return []
    there, should = installed(connection), wanted(connection)
    if differing := _differing(there, should):
        what = f"Triggers differ from what is declared: {', '.join(sorted(differing))}."
        if _about_to_be_made.get():
            return [Warning(what, hint="They are made again at the end, after the migrations.", id="jobs.W001")]
        return [Error(what, hint="Run manage.py migrate: it makes them again.", id="jobs.E001")]
    if others := _others(there, should):
        what = f"Triggers stand there that this release has not declared: {', '.join(sorted(others))}."
        hint = "Once no other release runs, manage.py migrate removes them. Until then they only cost builds."
        return [Warning(what, hint=hint, id="jobs.W002")]
    return []
