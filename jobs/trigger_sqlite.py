"""The triggers in SQLite, where a trigger may update the row it was called for, and making one can be rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .trigger_sql import ROWS, Dialect
from .watched import Part, Watched


class SQLite(Dialect):
    now = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
    subject = "'{name}:' || pk"

    def of_root(self, watched: Watched) -> Iterator[tuple[str, str]]:
        table = watched.model._meta.db_table
        raise_version = f"UPDATE {table} SET version = max({{floor}}, {self.now}) WHERE id = NEW.id;"
        due = self.add_when_due(watched, "SELECT NEW.id", watched.due)
        told = self.add(watched, "SELECT NEW.id", self.now)
        # This touches the row at once, and the update that does it adds the outbox row.
        yield self._trigger(watched, "INSERT", table, raise_version.format(floor="NEW.version"))
        yield self._trigger(watched, "UPDATE", table, raise_version.format(floor="OLD.version + 1") + told + due)
        yield self._trigger(watched, "DELETE", table, self.add(watched, "SELECT OLD.id", self.now))

    def of_part(self, watched: Watched, part: Part) -> Iterator[tuple[str, str]]:
        for change, rows in ROWS.items():
            root = watched.model._meta.db_table
            body = f"UPDATE {root} SET version = version WHERE id IN ({part.owners(*rows)});"
            if change != "DELETE":
                body += self.add_when_due(watched, part.owners("NEW"), part.due)
            changed = [f"{each.format(row='NEW')} IS NOT {each.format(row='OLD')}" for each in part.only]
            condition = " OR ".join(changed) if change == "UPDATE" else ""
            yield self._trigger(watched, change, part.model._meta.db_table, body, condition)

    def moment(self, column: str) -> str:
        """A millisecond later than it is: the clock of this database is no finer."""
        return f"CAST((julianday({column}) - 2440587.5) * 86400000000 AS INTEGER) + 1000"

    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'version_%%'")
        return dict(cursor.fetchall())

    @contextmanager
    def suspended(self, connection: BaseDatabaseWrapper) -> Iterator[None]:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            triggers = self.installed(cursor)
            for name in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            yield
            for statement in triggers.values():
                cursor.execute(statement)

    def _trigger(self, watched: Watched, change: str, table: str, body: str, condition: str = "") -> tuple[str, str]:
        name = f"version_{watched.name}_{table}_{change.lower()}"
        when = f" WHEN {condition}" if condition else ""
        return name, f"CREATE TRIGGER {name} AFTER {change} ON {table}{when} BEGIN {body} END"
