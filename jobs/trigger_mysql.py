"""The triggers in MariaDB and MySQL.

A trigger may not write to the table it was called for: the version is set in the row before it is stored. Making a
trigger commits, so they cannot be dropped for a while inside a transaction: a variable of the session quiets them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .trigger_sql import ROWS, Dialect
from .watched import Part, Watched

# A part's row that comes refers to its object, for which the object's row is locked shared. Touching that row later
# would make two such transactions wait for each other, so it is touched first.
TIMING = {"INSERT": "BEFORE", "UPDATE": "AFTER", "DELETE": "AFTER"}
NOTED_CHARACTERS = 2_000
INSTALLED = """
    SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name LIKE 'version\\_%%'
"""


class MySQL(Dialect):
    now = (
        "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"  # NOW() is when the statement began to wait for locks
    )
    subject = "CONCAT('{name}:', pk)"

    def of_root(self, watched: Watched) -> Iterator[tuple[str, str]]:
        for change, (*_, row) in ROWS.items():
            floor = {"INSERT": "NEW.version", "UPDATE": "OLD.version + 1"}.get(change)
            due = self.add_when_due(watched, "SELECT NEW.id", watched.due) if floor else ""
            told = self.add(watched, f"SELECT {row}.id", self.now)
            table = watched.model._meta.db_table
            if floor:
                raised = f"SET NEW.version = GREATEST({floor}, {self.now});"
                yield self._trigger(watched, "BEFORE", change, table, raised)
            version = "NEW.version" if floor else "OLD.version + 1"
            yield self._trigger(watched, "AFTER", change, table, told + due + _touch_noted(watched, row, version))

    def of_part(self, watched: Watched, part: Part) -> Iterator[tuple[str, str]]:
        for change, rows in ROWS.items():
            body = self._touch(watched, part, rows)
            if change != "DELETE":
                body += self.add_when_due(watched, part.owners("NEW"), part.due)
            condition = _any_differs(part) if change == "UPDATE" else ""
            yield self._trigger(watched, TIMING[change], change, part.model._meta.db_table, body, condition)

    def moment(self, column: str) -> str:
        return f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column})"  # stored as UTC, whatever the session's zone

    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        cursor.execute(INSTALLED)
        return {name: _statement(name, *rest) for name, *rest in cursor.fetchall()}

    def touched(
        self, connection: BaseDatabaseWrapper, watched: Mapping[str, Watched], since: int
    ) -> dict[str, int] | None:
        """From a variable of the session, which the triggers write to."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONVERT(@touched USING utf8mb4), @touched := NULL")
            noted = cursor.fetchone()[0] or ""
        if len(noted) >= NOTED_CHARACTERS:
            return None
        versions: dict[str, int] = {}
        for name, _, version in (each.partition("=") for each in noted.split()):
            versions[name] = max(int(version), versions.get(name, 0))
        return versions

    def replace(self, cursor: CursorWrapper, name: str, statement: str) -> None:
        """In one step where there is one: what is written between two would be told to nobody."""
        if cursor.db.mysql_is_mariadb:  # type: ignore[attr-defined]
            cursor.execute(statement.replace("CREATE", "CREATE OR REPLACE", 1))
        else:
            super().replace(cursor, name, statement)

    @contextmanager
    def suspended(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SET @triggers_off = 1")
            try:
                with transaction.atomic(using=connection.alias):
                    yield
            finally:
                cursor.execute("SET @triggers_off = NULL")

    def _touch(self, watched: Watched, part: Part, rows: list[str]) -> str:
        """By key: `WHERE id IN (SELECT …)` would read the whole table."""
        table = watched.model._meta.db_table
        if "{row}" not in part.owner:
            ids = ", ".join(f"{row}.{part.owner}" for row in rows)
            return f"UPDATE {table} SET version = version WHERE id IN ({ids});"
        ids = f"SELECT 0 AS pk WHERE 0 UNION {part.owners(*rows)}"
        return (
            f"UPDATE {table} JOIN ({ids}) AS owners ON {table}.id = owners.pk SET {table}.version = {table}.version;"
        )

    def _trigger(
        self, watched: Watched, timing: str, change: str, table: str, body: str, condition: str = ""
    ) -> tuple[str, str]:
        name = f"version_{watched.name}_{table}_{timing.lower()}_{change.lower()}"
        when = "@triggers_off IS NULL" + (f" AND ({condition})" if condition else "")
        return name, _statement(name, timing, change, table, f"IF {when} THEN {body} END IF")


def _touch_noted(watched: Watched, row: str, version: str) -> str:
    """Note the object in a variable of the session. The last note of too many is cut off."""
    note = f"CONCAT('{watched.name}:', {row}.id, '=', {version})"
    return f"SET @touched = LEFT(CONCAT_WS(' ', @touched, {note}), {NOTED_CHARACTERS});"


def _any_differs(part: Part) -> str:
    """Byte by byte: collations take “steve” and “Steve” for the same."""
    pairs = ((each.format(row="NEW"), each.format(row="OLD")) for each in part.only)
    return " OR ".join(f"NOT (BINARY {new} <=> BINARY {old})" for new, old in pairs)


def _statement(name: str, timing: str, change: str, table: str, body: str) -> str:
    return f"CREATE TRIGGER {name} {timing} {change} ON {table} FOR EACH ROW {body}"
