"""What is declared of an object whose changes the database tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model

REFRESH = "jobs.objects.refresh"  # builds whatever object is named
FORMER_REFRESH = "products.tasks.refresh"  # the same, in rows that the release before left


@dataclass(frozen=True)
class Part:
    """A table whose rows an object shows.

    `owner` is the column that holds the object's id, or a SELECT of ids in which `{row}` stands for the changed row.
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
