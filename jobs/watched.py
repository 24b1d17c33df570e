"""What is declared of an object whose changes the database tells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

REFRESH = "jobs.objects.refresh"  # builds whatever object is named
FORMER_REFRESH = "products.tasks.refresh"  # the same, in rows that the release before left
REACH = "jobs.objects.reach"  # raises the objects that a trigger could not see
WALK = "jobs.objects.walk"  # raises and builds the many objects that show one row, some at a time
COLUMN = re.compile(r"\{row\}\.(\w+)")
WALKED = re.compile(r"SELECT (\w+) FROM \w+ WHERE \w+ = \{row\}\.\w+")


@dataclass(frozen=True)
class Part:
    """A table whose rows an object shows.

    `owner` is the column that holds the object's id, or a SELECT of ids in which `{row}` stands for the changed row.
    One that reads tables names one column of `{row}`, by which they are searched once more (`jobs.reach`).
    `only` are expressions of `{row}`: an update that leaves all of them as they were does not matter. `due` names
    columns with moments at which the object changes by itself. With `in_bulk` its owners may be many thousands: they
    are not raised with the change, but by a worker, some at a time (`jobs.walks`). Where it is not `is_shown`, pages
    show nothing of it, and whoever has changed it need not wait for that.
    """

    model: type[Model]
    owner: str
    only: Sequence[str] = ()
    due: Sequence[str] = ()
    in_bulk: bool = False
    is_shown: bool = True

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

    def owners_after(self, value: int, pk: int) -> str:
        """The same, of those in bulk whose ids are past this one."""
        return f"{self.owners_by(value)} AND {self.walked_by} > {int(pk)}"

    @property
    def walked_by(self) -> str:
        """The column with the ids of owners in bulk."""
        found = WALKED.fullmatch(self.owner)
        if found is None:
            raise ImproperlyConfigured(f"Owners in bulk are found by one column of one table: {self.owner}")
        return found[1]

    def is_sought_after(self, change: str) -> bool:
        """Whether tables have to be searched for the owners of a row once it was changed so ("UPDATE" …). Its own key
        is named by nobody before it is there, nor when it is gone."""
        return self.sought_by not in ("", self.model._meta.pk.attname) or bool(self.sought_by and change == "UPDATE")


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
