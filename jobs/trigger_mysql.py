"""The triggers in MariaDB and MySQL.

Making a trigger commits, so they cannot be dropped for a while inside a transaction: a variable of the session quiets
them. Another one keeps what was touched, for the causal token.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .trigger_sql import ROWS, Dialect
from .watched import REACH, Part, Watched

NOTED_CHARACTERS = 2_000
INSTALLED = """
    SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name LIKE 'version\\_%%'
"""


class MySQL(Dialect):
    """All of them come after the change. So locks are taken in one order: the row, then the object that it refers to
    (shared, by the foreign key), then versions; single statements never wait for each other in a circle."""

    now = (
        "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"  # NOW() is when the statement began to wait for locks
    )
    subject = "CONCAT('{name}:', {pk})"
    on_conflict = "ON DUPLICATE KEY UPDATE version = GREATEST(version + 1, VALUES(version))"

    def moment(self, column: str) -> str:
        return f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column})"  # stored as UTC, whatever the session's zone

    def differs(self, new: str, old: str) -> str:
        """Byte by byte: collations take “steve” and “Steve” for the same."""
        return f"NOT (BINARY {new} <=> BINARY {old})"

    def tell(self, watched: Watched, part: Part, change: str) -> str:
        """Where tables are searched for owners, some are not seen (`jobs.reach`): so an outbox row is left as well.
        Its time is the version of those that were seen."""
        if part.in_bulk or not part.is_sought_after(change):
            return super().tell(watched, part, change)
        reach = self.leave_word(REACH, watched, part, change, "told_at")
        raised = self.raise_versions(watched, part.owners(*ROWS[change]), "told_at")
        return f"BEGIN DECLARE told_at BIGINT DEFAULT {self.now}; {reach}{raised} END;"

    def note(self, subject: str = "NEW.subject", version: str = "NEW.version") -> str:
        """In a variable of the session. The last note of too many is cut off."""
        note = f"CONCAT({subject}, '=', {version})"
        return f"SET @touched = LEFT(CONCAT_WS(' ', @touched, {note}), {NOTED_CHARACTERS});"

    def trigger(self, name: str, change: str, table: str, body: str, condition: str) -> str:
        when = "@triggers_off IS NULL" + (f" AND ({condition})" if condition else "")
        return _statement(name, "AFTER", change, table, f"IF {when} THEN {body} END IF")

    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        cursor.execute(INSTALLED)
        return {name: _statement(name, *rest) for name, *rest in cursor.fetchall()}

    def touched(self, connection: BaseDatabaseWrapper, since: int) -> dict[str, int] | None:
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

    @contextmanager
    def suspended(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SET @triggers_off = 1")
            try:
                with transaction.atomic(using=connection.alias):
                    yield
            finally:
                cursor.execute("SET @triggers_off = NULL")


def _statement(name: str, timing: str, change: str, table: str, body: str) -> str:
    return f"CREATE TRIGGER {name} {timing} {change} ON {table} FOR EACH ROW {body}"
