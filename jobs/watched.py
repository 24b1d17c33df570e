"""What is declared of an object whose changes the database tells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

REFRESH = "jobs.objects.refresh"  # builds whatever object is named
FORMER_REFRESH = "products.tasks.refresh"  # the same, in rows that the release before left
REACH = "jobs.objects.reach"  # raises the objects that a trigger could not see
COLUMN = re.compile(r"\{row\}\.(\w+)")


@dataclass(frozen=True)
class Part:
    """A table whose rows an object shows.

    `owner` is the column that holds the object's id, or a SELECT of ids in which `{row}` stands for the changed row.
    One that reads tables names one column of `{row}`, by which they are searched once more (`jobs.reach`).
    `only` are expressions of `{row}`: an update that leaves all of them as they were does not matter. `due` names
    columns with moments at which the object changes by itself.
    """

    model: type[Model]
    owner: str
    only: Sequence[str] = ()
    due: Sequence[str] = ()

    def owners(self, *rows: str) -> str:
        """A SELECT of the ids of the objects that these rows belong to."""
        select = self.owner if "{row}" in self.owner else f"SELECT {{row}}.{self.owner}"
        return " UNION ".join(select.format(row=row) for row in rows)

    @property
    def sought_by(self) -> str:
        """The column of the row by which tables are searched for owners; empty when the row itself names them."""
        if " FROM " not in self.owner:
            return ""
        columns = set(COLUMN.findall(self.owner))
        if len(columns) != 1:
            raise ImproperlyConfigured(f"A SELECT that reads tables names one column of the row: {self.owner}")
        return columns.pop()

    def owners_by(self, value: int) -> str:
        """The SELECT, for the rows that have this value in the column `sought_by`."""
        return self.owner.replace(f"{{row}}.{self.sought_by}", str(int(value)))


@dataclass(frozen=True)
class Watched:
    """An object: its model, the task that builds it again, and its parts. `due` and `only` are those of its own row,
    as of a part's."""

    name: str
    model: type[Model]
    task: str
    parts: Sequence[Part] = ()
    due: Sequence[str] = ()
    only: Sequence[str] = ()
