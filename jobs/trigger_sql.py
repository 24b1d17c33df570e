"""The SQL of the triggers: what is the same in every database.

A change of an object's own row or of a part's raises the object's row in `jobs_version` to max(old + 1, microseconds
now); a trigger there adds the outbox row. The versions have a table of their own because MariaDB lets no trigger
write to a table that the statement reads or writes: a price may be changed by a statement that reads the products.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .watched import WALK, Part, Watched

ROWS = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}  # what a trigger sees of each change
FORM_BYTES = 4


class Dialect(ABC):
    """How one database says it. Times are microseconds since 1970."""

    outbox = "jobs_outbox"
    versions = "jobs_version"
    now: str
    subject: str  # of an object; `{name}` stands for its name, and `{pk}` for the column with its id
    on_conflict: str  # what raises a version that is there already

    def triggers(self, watched: Watched) -> dict[str, str]:
        """Every trigger of an object: name to SQL. Its own row is the first of its parts."""
        own = Part(watched.model, watched.model._meta.pk.attname, watched.only, watched.due)
        found, tables = dict(self._of_versions(watched)), set()
        for part in (own, *watched.parts):
            table = part.model._meta.db_table
            if table in tables:
                raise ImproperlyConfigured(f"“{watched.name}” has two parts in {table}: make it one, by a UNION.")
            tables.add(table)
            found |= self._of_part(watched, part)
        return found

    @abstractmethod
    def moment(self, column: str) -> str:
        """The time in a column of type datetime."""

    @abstractmethod
    def differs(self, new: str, old: str) -> str:
        """Whether two values are not the same, letter by letter."""

    @abstractmethod
    def note(self, subject: str = "NEW.subject", version: str = "NEW.version") -> str:
        """What else is done with a new version."""

    @abstractmethod
    def trigger(self, name: str, change: str, table: str, body: str, condition: str) -> str:
        """The statement that makes a trigger; an empty condition always holds."""

    @abstractmethod
    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        """Every trigger of ours that the database has: name to SQL."""

    @abstractmethod
    def suspended(self, connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
        """No trigger of ours does anything for this connection, which is in one transaction meanwhile."""

    @abstractmethod
    def touched(self, connection: BaseDatabaseWrapper, since: int) -> dict[str, int] | None:
        """The objects changed over this connection, at the earliest at `since`, as "name:id" with their versions. It
        may name more than that; None when they are too many. What was told once is not told again."""

    def raise_versions(self, watched: Watched, ids: str, now: str = "") -> str:
        """Of the objects of a SELECT, in the order of their ids: two who touch the same ones form no circle."""
        return (
            f"INSERT INTO {self.versions} (subject, version) SELECT {self._subject(watched.name)}, {now or self.now}"
            f" FROM {found_by(ids)} WHERE pk IS NOT NULL ORDER BY pk {self.on_conflict};"
        )

    def tell(self, watched: Watched, part: Part, change: str) -> str:
        """What a trigger does about the owners of a row of this part."""
        if part.in_bulk:
            return self.have_walked(watched, part, change) if part.is_sought_after(change) else ""
        return self.raise_versions(watched, part.owners(*ROWS[change]))

    def have_walked(self, watched: Watched, part: Part, change: str) -> str:
        """An outbox row by which a worker goes through the owners. It costs the same whatever their number."""
        row = f"{ROWS[change][-1]}.{part.sought_by}"
        noted = self.note(self._subject(_path(watched, part), row), self.now)
        return self.leave_word(WALK, watched, part, change) + noted

    def leave_word(self, task: str, watched: Watched, part: Part, change: str, at: str = "") -> str:
        """An outbox row that says by what owners are searched for."""
        at, values = at or self.now, " UNION ".join(f"SELECT {row}.{part.sought_by}" for row in ROWS[change])
        return (
            f"INSERT INTO {self.outbox} (task, subject, due_at, attempt, created_at)"
            f" SELECT '{task}', {self._subject(_path(watched, part))}, {at}, 0, {at}"
            f" FROM {found_by(values)} WHERE pk IS NOT NULL;"
        )

    def _of_part(self, watched: Watched, part: Part) -> Iterator[tuple[str, str]]:
        table = part.model._meta.db_table
        for change in ROWS:
            body = self.tell(watched, part, change)
            if change != "DELETE":
                body += self._wait_for_moments(watched, part.owners("NEW"), part.due)
            condition = self._matters(part.only) if change == "UPDATE" else ""
            if body:
                yield self._named(watched, change, table, body, condition)

    def _of_versions(self, watched: Watched) -> Iterator[tuple[str, str]]:
        prefix = f"{watched.name}:"
        is_ours = f"SUBSTR(NEW.subject, 1, {len(prefix)}) = '{prefix}'"
        add = (
            f"INSERT INTO {self.outbox} (task, subject, due_at, attempt, created_at)"
            f" VALUES ('{watched.task}', NEW.subject, {self.now}, 0, {self.now});"
        )
        for change in ("INSERT", "UPDATE"):
            yield self._named(watched, change, self.versions, add + self.note(), is_ours)

    def _named(self, watched: Watched, change: str, table: str, body: str, condition: str) -> tuple[str, str]:
        """What it does is in its name, so that those of two releases stand side by side."""
        form = hashlib.blake2s(self.trigger("", change, table, body, condition).encode(), digest_size=FORM_BYTES)
        name = f"version_{watched.name}_{table}_{change.lower()}_{form.hexdigest()}"
        return name, self.trigger(name, change, table, body, condition)

    def _wait_for_moments(self, watched: Watched, ids: str, columns: Sequence[str]) -> str:
        """An outbox row for each object of a SELECT and each moment in these columns that lies ahead."""
        return "".join(
            f"INSERT INTO {self.outbox} (task, subject, due_at, moment, attempt, created_at)"
            f" SELECT '{watched.task}', {self._subject(watched.name)}, {due}, {due}, 0, {self.now}"
            f" FROM {found_by(ids)} WHERE pk IS NOT NULL AND NEW.{column} IS NOT NULL AND {due} > {self.now};"
            for column in columns
            for due in [self.moment(f"NEW.{column}")]
        )

    def _matters(self, only: Sequence[str]) -> str:
        return " OR ".join(self.differs(each.format(row="NEW"), each.format(row="OLD")) for each in only)

    def _subject(self, name: str, pk: str = "pk") -> str:
        return self.subject.format(name=name, pk=pk)


def _path(watched: Watched, part: Part) -> str:
    """What an outbox row says before the colon: whose owners are searched for, by a row of which table."""
    return f"{watched.name}/{part.model._meta.db_table}"


def found_by(ids: str) -> str:
    """A table of a SELECT of ids, whose column is `pk`."""
    return f"(SELECT 0 AS pk WHERE 0 UNION {ids}) AS owners"
