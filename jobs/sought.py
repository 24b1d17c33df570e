"""Objects that are searched for by a row that they show: what an outbox row such as `product/products_tag:9` means.

With `@1200` behind it, it means those whose ids are past that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from scaling.retries import retried

from .trigger_sql import found_by
from .triggers import DIALECTS, watched_objects
from .watched import Part, Watched

ROWS = "SELECT {pk} FROM {table} WHERE {pk} IN ({ids})"
SOME = "SELECT pk FROM {found} WHERE pk > {after:d} ORDER BY pk LIMIT {most:d}"


@dataclass(frozen=True, slots=True)
class Sought:
    """The objects `watched` that show the row whose `part.sought_by` is `value`, past the id `after`."""

    watched: Watched
    part: Part
    value: int
    after: int = 0

    @classmethod
    def of(cls, subject: str) -> "Sought":
        """What a subject says. Raises LookupError when this release declares no such part: a newer one does."""
        if sought := cls.known(subject):
            return sought
        raise LookupError(f"Nothing known here is searched for by {subject}")

    @classmethod
    def known(cls, subject: str) -> "Sought | None":
        path, _, rest = subject.partition(":")
        (name, _, table), (value, _, after) = path.partition("/"), rest.partition("@")
        if (watched := watched_objects().get(name)) is None:
            return None
        parts = (part for part in watched.parts if part.model._meta.db_table == table and part.sought_by)
        return next((cls(watched, part, int(value), int(after or 0)) for part in parts), None)

    @property
    def select(self) -> str:
        """Their ids."""
        return self.part.owners_after(self.value, self.after) if self.after else self.part.owners_by(self.value)

    def first(self, most: int) -> list[int]:
        """The lowest ids of owners in bulk, as the primary has them."""
        select = self.part.owners_after(self.value, self.after)
        return _asked(f"{select} ORDER BY {self.part.walked_by} LIMIT {int(most)}")

    def __str__(self) -> str:
        row = f"{self.watched.name}/{self.part.model._meta.db_table}:{self.value}"
        return f"{row}@{self.after}" if self.after else row


def paths_not_shown() -> list[str]:
    """With what subjects begin by which owners are searched for that show nothing of the row on pages."""
    return [
        f"{watched.name}/{part.model._meta.db_table}:"
        for watched in watched_objects().values()
        for part in watched.parts
        if not part.is_shown
    ]


def some_of(select: str, most: int, *, after: int = 0) -> list[int]:
    """The lowest ids of a SELECT that are past this one, as the primary has them."""
    return _asked(SOME.format(found=found_by(select), after=after, most=most))


def _asked(sql: str) -> list[int]:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql)
        return [pk for (pk,) in cursor.fetchall()]


@retried
@transaction.atomic
def raise_those_there(watched: Watched, ids: Sequence[int]) -> None:
    """Raise the versions of those that are still there: who was deleted was told of by that."""
    connection, meta = connections[DEFAULT_DB_ALIAS], watched.model._meta
    select = ROWS.format(pk=meta.pk.attname, table=meta.db_table, ids=", ".join(str(pk) for pk in ids))
    with connection.cursor() as cursor:
        cursor.execute(DIALECTS[connection.vendor].raise_versions(watched, select))
