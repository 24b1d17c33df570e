"""The triggers in SQLite, where making one can be rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .trigger_sql import Dialect
from .watched import WALK

MOST_CHANGES = 50
CLOCK_US = 2_000  # microseconds: its clock tells milliseconds, and may round them down
CHANGED_SINCE = """
    SELECT subject, version FROM {versions}
    WHERE subject IN (SELECT DISTINCT subject FROM {outbox} WHERE created_at >= %s LIMIT %s)
    UNION SELECT subject, created_at FROM {outbox} WHERE task = %s AND created_at >= %s
"""


class SQLite(Dialect):
    now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
    subject = "'{name}:' || {pk}"
    on_conflict = "ON CONFLICT (subject) DO UPDATE SET version = max(jobs_version.version + 1, excluded.version)"

    def moment(self, column: str) -> str:
        """A millisecond later than it is: the clock of this database is no finer."""
        return f"CAST((julianday({column}) - 2440587.5) * 86400000000 AS INTEGER) + 1000"

    def differs(self, new: str, old: str) -> str:
        return f"{new} IS NOT {old}"

    def note(self, subject: str = "", version: str = "") -> str:
        return ""

    def trigger(self, name: str, change: str, table: str, body: str, condition: str) -> str:
        when = f" WHEN {condition}" if condition else ""
        return f"CREATE TRIGGER {name} AFTER {change} ON {table}{when} BEGIN {body} END"

    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'version_%%'")
        return dict(cursor.fetchall())

    def touched(self, connection: BaseDatabaseWrapper, since: int) -> dict[str, int] | None:
        """From the outbox, which holds what others changed meanwhile, too. What is gone from it is built already."""
        with connection.cursor() as cursor:
            statement = CHANGED_SINCE.format(versions=self.versions, outbox=self.outbox)
            cursor.execute(statement, [since - CLOCK_US, MOST_CHANGES + 1, WALK, since - CLOCK_US])
            told = dict(cursor.fetchall())
        return told if len(told) <= MOST_CHANGES else None

    @contextmanager
    def suspended(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            triggers = self.installed(cursor)
            for name in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            yield
            for statement in triggers.values():
                cursor.execute(statement)
