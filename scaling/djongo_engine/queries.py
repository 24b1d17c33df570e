"""What a statement does with MongoDB, in place of what djongo makes of it."""

import re
from logging import getLogger
from typing import Any

from django.db import NotSupportedError
from djongo.sql2mongo import query as stock
from sqlparse.sql import Statement

from . import conditions  # noqa: F401, puts them in the place of djongo's
from .statements import parse

logger = getLogger(__name__)
INSERT = re.compile(r'INSERT INTO "([^"]+)" \(([^)]*)\) VALUES$')
INDEX = re.compile(r'ALTER TABLE "([^"]+)" ADD CONSTRAINT "([^"]+)" INDEX \(([^)]*)\)$')
INCREASE = re.compile(r'"(\w+)" = \("\w+"\."(\w+)" ([+-]) %\((\d+)\)s\)(, )?')
LAST_COMMA = re.compile(r",\s*(?=WHERE |$)")
SETS_NOTHING = re.compile(r" SET\s+(?=WHERE |$)")


class Insert(stock.InsertQuery):
    """djongo parses every value that is inserted: sqlparse stops at 10,000 words, and what newer ones make of VALUES
    it cannot read. The statement has a fixed form: its parameters are the rows, one after the other."""

    def parse(self) -> None:
        found = INSERT.match(self.statement)
        if not found:
            raise NotSupportedError(f"djongo cannot read {self.statement[:80]}")
        self.left_table = found[1]
        self._cols = [name.strip(' "') for name in found[2].split(",")]
        size = len(self._cols)
        self._values = [self.params[first : first + size] for first in range(0, len(self.params), size)]


class Update(stock.UpdateQuery):
    """djongo fails on an update of all rows, for want of a filter. And `F("version") + 1` is a comparison that it
    does not know: it becomes an `$inc`. Every other expression is refused."""

    statement: Any

    def parse(self) -> None:
        increases: dict[str, Any] = {}

        def taken(found: re.Match) -> str:
            column, of, sign, place, _ = found.groups()
            if column != of:
                raise NotSupportedError("djongo increases a column by a number, and copies none into another.")
            value = self.params[int(place)]
            increases[column] = value if sign == "+" else -value
            return ""

        sql = INCREASE.sub(taken, self.statement)
        sql = LAST_COMMA.sub(" ", sql, count=1) if increases else sql
        filled = SETS_NOTHING.sub(' SET "_" = NULL ', sql, count=1)
        self.statement = parse(filled)
        super().parse()
        self.kwargs.setdefault("filter", {})
        if filled != sql:
            del self.kwargs["update"]["$set"]
        if increases:
            self.kwargs["update"]["$inc"] = increases


class Alter(stock.AlterQuery):
    """djongo takes `"created" DESC` for the name of a column: such an index would be of nothing."""

    def parse(self) -> None:
        found = INDEX.match(str(self.statement))
        if not found:
            super().parse()
            return
        self.left_table, self._iden_name = found[1], found[2]
        self.field_dir = [
            (column.removesuffix(" DESC").strip(' "'), -1 if column.endswith(" DESC") else 1)
            for column in found[3].split(", ")
        ]
        self.execute = self._index


class Query(stock.Query):
    """Parses in our way, and lets errors through as they are: djongo makes all of them one."""

    def parse(self) -> Any:
        verb = self._sql.split(None, 1)[0].upper()
        if verb in self.PLAIN:
            return self.PLAIN[verb](self, self._sql)
        if verb not in self.FUNC_MAP:
            raise NotSupportedError(f"djongo knows no {verb}.")
        return self.FUNC_MAP[verb](self, parse(self._sql))

    def __iter__(self) -> Any:
        return iter(self._query or ())

    def _run(self, kind: type[stock.BaseQuery], statement: Statement | str, *before: Any) -> stock.BaseQuery:
        query = kind(*before, self.db, self.connection_properties, statement, self._params)
        query.execute()
        return query

    def _insert(self, sql: str) -> Any:
        return self._run(Insert, sql, self)

    def _update(self, sql: str) -> Any:
        return self._run(Update, sql)

    def _alter(self, statement: Statement) -> Any:
        return self._run(Alter, statement)

    PLAIN = {"INSERT": _insert, "UPDATE": _update}
    FUNC_MAP = stock.Query.FUNC_MAP | {"ALTER": _alter}


def _noted(feature: str | None = None, message: str | None = None) -> None:
    logger.debug("djongo does not heed %s", message or feature)


# It prints, on every migration, what it does not heed.
stock.print_warn = _noted
