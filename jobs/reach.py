"""Objects that a trigger could not see.

In MariaDB all that a statement reads is of one moment. While an UPDATE of many tags waits for a row, somebody adds
one of the later tags to a product, and commits: the trigger of that tag does not find the product. If it locked what
it reads, single statements would wait for each other in a circle. So a trigger that searches for owners leaves an
outbox row that says by what, like `tags/products_tag:9`, and a worker searches again after the commit.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Max

from .models import Outbox
from .sought import Sought, raise_those_there, some_of
from .versions import versions_of
from .watched import REACH

STEP = 500  # objects a statement
SEARCHES = 100  # a statement


def raise_unseen(subjects: Sequence[str]) -> None:
    """Raise the versions of whoever owns these rows now, but for those that the trigger has raised and nobody since:
    their version is the time of the outbox row. A later one may be of a build from before the commit.
    """
    rows = Outbox.objects.filter(task=REACH, subject__in=subjects).values_list("subject")
    for subject, told_at in rows.annotate(Max("created_at")):
        sought = Sought.of(subject)
        for ids in _steps(sought.select):
            versions = versions_of(sought.watched.name, ids, DEFAULT_DB_ALIAS)
            if unseen := [pk for pk in ids if versions.get(pk) != told_at]:
                raise_those_there(sought.watched, unseen)


def named(subjects: Sequence[str], most: int) -> set[str]:
    """The objects ("name:id") that rows with these subjects may raise: all, or at least `most`. Subjects of another
    kind name none, and neither do those of another release."""
    searches: defaultdict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        if "/" in subject and (sought := Sought.known(subject)):
            searches[sought.watched.name].append(sought.select)
    found: set[str] = set()
    for name, selects in searches.items():
        for start in range(0, len(selects), SEARCHES):
            if len(found) < most:
                some = some_of(" UNION ".join(selects[start : start + SEARCHES]), most)
                found |= {f"{name}:{pk}" for pk in some}
    return found


def _steps(select: str) -> Iterator[list[int]]:
    some = some_of(select, STEP)
    while some:
        yield some
        some = some_of(select, STEP, after=some[-1]) if len(some) == STEP else []
