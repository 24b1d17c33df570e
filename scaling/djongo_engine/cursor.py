"""A cursor whose errors say what went wrong."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import DatabaseError, Error
from djongo.cursor import Cursor as Stock
from djongo.exceptions import SQLDecodeError
from sqlparse.exceptions import SQLParseError

from ..mongodb import as_database_errors
from .queries import Query
from .statements import gathered, with_a_literal

# What djongo and sqlparse raise over words that they do not know.
UNREADABLE = (SQLDecodeError, SQLParseError, AttributeError, LookupError, TypeError, ValueError)


class Cursor(Stock):
    """djongo has one error for everything, also for a key that is there already and for a server that is away; its
    cursors are no iterators, and a SELECT that failed in the middle looks like one that had no more rows."""

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> None:
        with _told(sql):
            sql, params = gathered(*with_a_literal(sql, params or ()))
            self.result = Query(self.client_conn, self.db_conn, self.connection_properties, sql, params)

    def fetchone(self) -> tuple | None:
        with _told():
            return next(self.result, None)

    def fetchmany(self, size: int = 1) -> list[tuple]:
        with _told():
            return list(islice(self.result, size))

    def fetchall(self) -> list[tuple]:
        with _told():
            return list(self.result)

    def __iter__(self) -> Iterator[tuple]:
        while rows := self.fetchmany(100):
            yield from rows


@contextmanager
def _told(sql: str = "") -> Iterator[None]:
    try:
        with as_database_errors():
            yield
    except Error:
        raise
    except UNREADABLE as error:
        raise DatabaseError(f"djongo cannot do {sql[:300]}: {type(error).__name__}") from error
