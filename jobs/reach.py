"""Objects that a trigger could not see.

In MariaDB all that a statement reads is of one moment. While an UPDATE of many tags waits for a row, somebody adds
one of the later tags to a product, and commits: the trigger of that tag does not find the product. If it locked what
it reads, single statements would wait for each other in a circle. So a trigger that searches for owners leaves an
outbox row that says by what, like `product/products_tag:9`, and a worker searches again after the commit.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Max

from scaling.retries import retried

from .models import Outbox
from .trigger_sql import found_by
from .triggers import DIALECTS, watched_objects
from .versions import versions_of
from .watched import REACH, Watched

STEP = 500  # objects a statement
SEARCHES = 100  # a statement
ROWS = "SELECT {pk} FROM {table} WHERE {pk} IN ({ids})"
SOME = "SELECT pk FROM {found} WHERE pk > {after:d} ORDER BY pk LIMIT {most:d}"


def raise_unseen(subjects: Sequence[str]) -> None:
    """Raise the versions of whoever owns these rows now, but for those that the trigger has raised and nobody since:
    their version is the time of the outbox row. A later one may be of a build from before the commit.
    """
    rows = Outbox.objects.filter(task=REACH, subject__in=subjects).values_list("subject")
    for subject, told_at in rows.annotate(Max("created_at")):
        search = _search(subject)
        if search is None:
            raise LookupError(f"Nothing known here is searched for by {subject}")  # a newer release does it
        watched, select = search
        for ids in _steps(select):
            versions = versions_of(watched.name, ids, DEFAULT_DB_ALIAS)
            if unseen := [pk for pk in ids if versions.get(pk) != told_at]:
                _raise(watched, unseen)


def named(subjects: Sequence[str], most: int) -> set[str]:
    """The objects ("name:id") that rows with these subjects may raise: all, or at least `most`. Subjects of another
    kind name none, and neither do those of another release."""
    searches: defaultdict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        if "/" in subject and (search := _search(subject)):
            searches[search[0].name].append(search[1])
    found: set[str] = set()
    for name, selects in searches.items():
        for start in range(0, len(selects), SEARCHES):
            if len(found) < most:
                some = _some(" UNION ".join(selects[start : start + SEARCHES]), most)
                found |= {f"{name}:{pk}" for pk in some}
    return found


def _search(subject: str) -> tuple[Watched, str] | None:
    """Whose owners are searched for, and by which SELECT; None when this release declares no such part."""
    path, _, value = subject.partition(":")
    name, _, table = path.partition("/")
    watched = watched_objects().get(name)
    if watched is None:
        return None
    parts = (part for part in watched.parts if part.model._meta.db_table == table and part.sought_by)
    return next(((watched, part.owners_by(int(value))) for part in parts), None)


def _steps(select: str) -> Iterator[list[int]]:
    some = _some(select, STEP)
    while some:
        yield some
        some = _some(select, STEP, after=some[-1]) if len(some) == STEP else []


def _some(select: str, most: int, *, after: int = 0) -> list[int]:
    """Asked of the primary."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(SOME.format(found=found_by(select), after=after, most=most))
        return [pk for (pk,) in cursor.fetchall()]


@retried
@transaction.atomic
def _raise(watched: Watched, ids: Sequence[int]) -> None:
    """Of those that are still there: who was deleted was told of by that."""
    connection, meta = connections[DEFAULT_DB_ALIAS], watched.model._meta
    select = ROWS.format(pk=meta.pk.attname, table=meta.db_table, ids=", ".join(str(pk) for pk in ids))
    with connection.cursor() as cursor:
        cursor.execute(DIALECTS[connection.vendor].raise_versions(watched, select))
