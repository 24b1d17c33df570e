"""How the published pages of this release stand, for whoever runs the shop: the admin, `/metrics` and
`manage.py pages` show it. Those of another release are the affair of its own workers.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone

from scaling import settings

from .models import Outbox, Page, PageUse
from .pages import publisher_of


@dataclass(frozen=True, slots=True)
class Made:
    """Of how much a page is made."""

    objects: int = 0
    slices: int = 0


@dataclass(frozen=True, slots=True)
class Failures:
    """How many pages cannot be rendered; `since` is when the first of them failed, None when there is none."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`oldest` is how many seconds ago the page was published that has stood longest, None when there is no page;
    `waiting` counts the rows of the outbox by which pages are to be published."""

    published: int
    failed: int
    oldest: float | None
    waiting: int


def made_of(pages: Collection[int]) -> dict[int, Made]:
    """Of these pages, by their keys, in one statement."""
    uses = PageUse.objects.filter(page__in=pages).values_list("page")
    objects = Count("subject", distinct=True, filter=Q(first__lt=0))
    counted = uses.annotate(of_objects=objects, of_slices=Count("pk", filter=Q(first__gte=0)))
    return {page: Made() for page in pages} | {page: Made(*counts) for page, *counts in counted}


def failures() -> Failures:
    failed = Page.objects.filter(release=settings.RELEASE, failed_at__isnull=False)
    return Failures(**failed.aggregate(count=Count("pk"), since=Min("failed_at")))


def figures() -> Figures:
    there = Q(size__isnull=False)
    told = Page.objects.filter(release=settings.RELEASE).aggregate(
        published=Count("pk", filter=there),
        failed=Count("pk", filter=Q(failed_at__isnull=False)),
        since=Min("published_at", filter=there),
    )
    since = told.pop("since")
    waiting = Outbox.objects.filter(task__in=[publisher_of(settings.RELEASE, later) for later in (False, True)])
    return Figures(**told, oldest=since and age_of(since), waiting=waiting.count())


def age_of(moment: datetime) -> float:
    """In seconds; clocks of two servers may differ a little."""
    return max(0.0, (timezone.now() - moment).total_seconds())
