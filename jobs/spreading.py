"""Published pages that one object stands on by the thousands.

Every page has the name of every category in its header. When such an object has changed, its pages are not all put
into the outbox by whoever has built it: one row says that they have to be, and a worker of the lane for bulk puts
them there some at a time, behind whatever else waits. Which pages still show the object as it was is known from what
is noted of each; the row says how far it has come, `category:9@5200`.
"""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Count, QuerySet

from scaling.kinds import registry
from scaling.reading import Built
from scaling.uses import CARD, digest

from .models import Outbox
from .moved import Pages
from .outbox import enqueue
from .page_models import PARTS, PageUse

SPREAD = "jobs.pages.spread"  # the task
MANY = 1_000  # uses: with more, whoever has built objects looks which of them
MOST_AT_ONCE = 200  # pages of an object
STEP = 200  # pages a turn


def put_off(name: str, built: Mapping[int, Built]) -> set[str]:
    """The objects ("name:id") whose cards stand on so many pages that they are put off."""
    shown = PageUse.objects.filter(subject__in=[f"{name}:{pk}" for pk in built], first=PARTS[CARD])
    counted = shown.order_by().values("subject").annotate(pages=Count("pk")).filter(pages__gt=MOST_AT_ONCE)
    heavy = {row["subject"] for row in counted}
    for subject in heavy:
        if _others(subject, built[_id(subject)])[:1]:
            enqueue(SPREAD, subject)
    return heavy


def spread(subject: str) -> tuple[Pages, str]:
    """The next pages that show this object as it was, and what is left to be done after them, if anything is."""
    named, _, after = subject.partition("@")
    built = registry[named.partition(":")[0]].assemble_all([_id(named)])
    rows = list(_others(named, built[_id(named)], int(after or 0))[:STEP])
    pages = {(release, path) for _, release, path in rows}
    return pages, f"{named}@{rows[-1][0]}" if len(rows) == STEP else ""


def are_spread(subjects: Collection[str]) -> bool:
    """Whether every page that shows one of these, or anything when there are none, has been put into the outbox."""
    waiting = {subject.partition("@")[0] for subject in _waiting()}
    return not (waiting & set(subjects) if subjects else waiting)


def _waiting() -> Sequence[str]:
    return list(Outbox.objects.filter(task=SPREAD).values_list("subject", flat=True))


def _others(subject: str, one: Built, after: int = 0) -> QuerySet:
    """By the index of subjects, in which the rows of one of them stand in the order of their keys."""
    card = PARTS[CARD]
    shown = PageUse.objects.filter(subject=subject, first=card, last=card, pk__gt=after)
    rows = shown.exclude(digest=digest(one.card)).order_by("pk")
    return rows.values_list("pk", "page__release", "page__path")


def _id(subject: str) -> int:
    return int(subject.partition(":")[2])
