"""The triggers in SQLite, where a trigger may update the row it was called for, and making one can be rolled back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .trigger_sql import ROWS, Dialect
from .watched import Part, Watched

MOST_CHANGES = 50
CHANGED_SINCE = "SELECT subject, max(created_at) FROM {outbox} WHERE created_at >= %s GROUP BY subject LIMIT %s"


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

    def touched(
        self, connection: BaseDatabaseWrapper, watched: Mapping[str, Watched], since: int
    ) -> dict[str, int] | None:
        """From the outbox, which holds what others changed meanwhile, too. What is gone from it is built already."""
        with connection.cursor() as cursor:
            cursor.execute(CHANGED_SINCE.format(outbox=self.outbox), [since, MOST_CHANGES + 1])
            told = dict(cursor.fetchall())
            if len(told) > MOST_CHANGES:
                return None
            for each in watched.values():
                told |= self._versions(cursor, each, told)
        return {subject: version for subject, version in told.items() if subject.partition(":")[0] in watched}

    def _versions(self, cursor: CursorWrapper, watched: Watched, told: dict[str, int]) -> dict[str, int]:
        """Of those objects that are still there."""
        ids = [subject.partition(":")[2] for subject in told if subject.startswith(f"{watched.name}:")]
        if not ids:
            return {}
        holders = ", ".join(["%s"] * len(ids))
        cursor.execute(f"SELECT id, version FROM {watched.model._meta.db_table} WHERE id IN ({holders})", ids)
        return {f"{watched.name}:{pk}": version for pk, version in cursor.fetchall()}

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
