"""The SQL of the triggers: what is the same in every database.

A part touches its object's row; the object's own trigger raises the version to max(old + 1, microseconds now) and
adds the outbox row. So a version never goes back, also not for a row made again under the same key.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from .watched import Part, Watched

ROWS = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}  # what a trigger sees of each change


class Dialect(ABC):
    """How one database says it. Times are microseconds since 1970."""

    outbox = "jobs_outbox"
    now: str
    subject: str  # of a row whose `pk` is an object's id; `{name}` stands for the object's name

    def triggers(self, watched: Watched) -> dict[str, str]:
        """Every trigger of an object: name to SQL."""
        found = dict(self.of_root(watched))
        for part in watched.parts:
            found |= dict(self.of_part(watched, part))
        return found

    @abstractmethod
    def of_root(self, watched: Watched) -> Iterable[tuple[str, str]]:
        """The triggers of an object's own table."""

    @abstractmethod
    def of_part(self, watched: Watched, part: Part) -> Iterable[tuple[str, str]]:
        """The triggers of a part's table."""

    @abstractmethod
    def moment(self, column: str) -> str:
        """The time in a column of type datetime."""

    @abstractmethod
    def installed(self, cursor: CursorWrapper) -> dict[str, str]:
        """Every trigger of ours that the database has: name to SQL."""

    @abstractmethod
    def suspended(self, connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
        """No trigger of ours does anything for this connection, which is in one transaction meanwhile."""

    @abstractmethod
    def touched(
        self, connection: BaseDatabaseWrapper, watched: Mapping[str, Watched], since: int
    ) -> dict[str, int] | None:
        """The objects changed over this connection, at the earliest at `since`, as "name:id" with their versions. It
        may name more than that; None when they are too many. What was told once is not told again."""

    def replace(self, cursor: CursorWrapper, name: str, statement: str) -> None:
        """Put a trigger in the place of one that differs."""
        cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(statement)

    def add(self, watched: Watched, ids: str, due: str, condition: str = "1 = 1") -> str:
        """An outbox row for each id of a SELECT."""
        return (
            f"INSERT INTO {self.outbox} (task, subject, due_at, attempt, created_at)"
            f" SELECT '{watched.task}', {self.subject.format(name=watched.name)}, {due}, 0, {self.now}"
            f" FROM (SELECT 0 AS pk WHERE 0 UNION ALL {ids}) AS owners WHERE {condition};"
        )

    def add_when_due(self, watched: Watched, ids: str, columns: Iterable[str]) -> str:
        """The same for the moments in these columns, of those that lie ahead."""
        return "".join(
            self.add(watched, ids, due, f"NEW.{column} IS NOT NULL AND {due} > {self.now}")
            for column in columns
            for due in [self.moment(f"NEW.{column}")]
        )
