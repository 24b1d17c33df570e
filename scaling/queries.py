"""Cache, the old pattern: the result of a query under a hash of the query. Kept to be measured against the objects.

Easy to add, and it loses. Each table has a stamp in the cache, and a result is found only under the stamps of all
the tables that the query reads; whoever writes to a table through Django gives it a new stamp after the commit. So:

- one write to a table throws away every result that reads it, and then all readers ask the database at once;
- a page of twenty queries costs twenty round trips, and its objects are still put together by every reader;
- a query that has the time in it is another query at every moment, and is never found;
- every commit costs a round trip to the cache, whether anybody caches what it has written or not (the setting
  UNSTAMPED_TABLES names tables that are written all the time and that `cached_query` refuses);
- nobody hears of what is written past Django (a shell of the database, another program, a trigger, a cascade in the
  database, a table under a view), nor of a commit whose process died before the stamp: such results are old until
  their time-out.

Between a commit and its stamp others are given the result from before: that is the moment of a round trip. A reader
who asked the database before the commit and stores after the stamp does no harm, since the result's key holds the
stamps of before. One who reads after the stamp what a replica has not heard of yet would store it until the time-out;
so what is stored was read on the primary.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.query import FlatValuesListIterable, ValuesIterable, ValuesListIterable
from redis.exceptions import RedisError

from . import codec, lua, settings
from .reading import CACHE_DOWN, must_ask_itself
from .replicas import is_write, may_store, snapshot
from .stores import cache

TIMEOUT_SECONDS = 300
FORMS = (ValuesIterable, ValuesListIterable, FlatValuesListIterable)
NAME = re.compile(r"[a-z_]\w{2,}")

_read = lua.Script("query")


def cached_query(queryset: QuerySet, *, seconds: int = TIMEOUT_SECONDS) -> list:
    """The rows of a `.values()` or `.values_list()`, as JSON has them: lists for tuples, ISO text for moments.

    One round trip to the cache when they are there; else a second one, and the query on the primary. Whoever has
    written shortly before, or is inside a transaction, asks the database, and so does everybody without a cache.
    """
    if queryset._iterable_class not in FORMS:  # type: ignore[attr-defined]
        raise TypeError("cached_query takes .values() or .values_list(): rows for JSON, not model instances.")
    try:
        sql, params = queryset.query.sql_with_params()
    except EmptyResultSet:
        return []
    tables = tables_in(sql)
    if unstamped := tables & settings.UNSTAMPED_TABLES:
        raise ValueError(
            f"Nobody hears of writes to {', '.join(sorted(unstamped))}: see the setting UNSTAMPED_TABLES."
        )
    if must_ask_itself():
        return _plain(queryset)
    question = repr((queryset._iterable_class.__name__, sql, params)).encode()  # type: ignore[attr-defined]
    call = [hashlib.blake2b(question, digest_size=16).hexdigest(), _new_stamp()]
    try:
        key, stored = _read(cache(), [_stamp(table) for table in sorted(tables)], call)
    except CACHE_DOWN:
        return _plain(queryset)
    return codec.decompress(stored) if stored else _ask_and_store(queryset, key, seconds)


def _plain(queryset: QuerySet) -> list:
    return codec.plain(list(queryset))


def _ask_and_store(queryset: QuerySet, key: bytes, seconds: int) -> list:
    """The stamps in `key` were read before: what is read now is as new as they are, or newer."""
    with snapshot() as alias:
        rows = list(queryset.using(alias))
    if may_store():
        with suppress(*CACHE_DOWN):
            cache().set(key, codec.compress(rows), ex=seconds)
    return codec.plain(rows)


def stamp_writes(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: what is written on the primary from now on gives its tables new stamps."""
    if connection.alias == DEFAULT_DB_ALIAS and _stamping_execute not in connection.execute_wrappers:
        connection.execute_wrappers.append(_stamping_execute)


def _stamping_execute(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
    if not is_write(sql) or not (tables := tables_in(sql) - settings.UNSTAMPED_TABLES):
        return execute(sql, params, many, context)
    connection = context["connection"]
    if connection.in_atomic_block:
        _stamp_after_commit(connection, tables)
        return execute(sql, params, many, context)
    try:
        return execute(sql, params, many, context)
    finally:
        stamp(tables)  # also after an error: of a broken connection nobody knows what the server has done


class _Stamping:
    """What one transaction, or one savepoint of it, has written to; called after the commit."""

    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = set(tables)

    def __call__(self) -> None:
        stamp(self.tables)


def _stamp_after_commit(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    """One call for all statements of a savepoint: if that is rolled back, so is the call."""
    savepoints = set(connection.savepoint_ids)
    for inside, planned, *_ in reversed(connection.run_on_commit):
        if isinstance(planned, _Stamping) and inside == savepoints:
            planned.tables.update(tables)
            return
    transaction.on_commit(_Stamping(tables), using=connection.alias)


def stamp(tables: Iterable[str]) -> None:
    """Results that were read from these tables are not found any more. One round trip; nothing while the cache is
    down: the write is done, and nobody may hear that it failed."""
    with suppress(RedisError):
        cache().mset({_stamp(table): _new_stamp() for table in tables})


def stamp_all() -> None:
    """The same of every table: nobody knows what was written while the cache was away."""
    stamp(_tables())


def tables_in(sql: str) -> frozenset[str]:
    """The tables of our models that a statement names, however it is quoted. A column that is called like a table
    counts too: then a stamp is changed in vain."""
    return _tables().intersection(NAME.findall(sql.lower()))


@lru_cache(maxsize=1)
def _tables() -> frozenset[str]:
    return frozenset(model._meta.db_table.lower() for model in apps.get_models(include_auto_created=True))


def _stamp(table: str) -> str:
    return f"stamp:{table}"


def _new_stamp() -> str:
    return secrets.token_hex(6)
