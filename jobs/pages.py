"""The index of published pages: which page is made of what, and which pages a change concerns.

A price concerns the pages that show the product. A new product moves those behind it in its listings, and where the
length of a listing is shown, all of its pages. Whatever a change concerns goes to the outbox: it is done when the
page is in place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from scaling import settings
from scaling.clock import now_us
from scaling.pages import store
from scaling.reading import Built
from scaling.retries import retried
from scaling.sites import site
from scaling.uses import CARD, WHOLE, Uses, digest

from .models import Outbox, OutboxQuerySet
from .moved import LOOK, Pages, missing, moved
from .page_models import PARTS, Page, PageUse
from .spreading import MANY, are_spread, put_off

STEP = 200  # rows a statement
MOST_URGENT = 200  # pages of one change: with more, all of them wait behind what is urgent
PUBLISHERS = PUBLISH, PUBLISH_LATER = "jobs.pages.publish", "jobs.pages.publish_later"  # of each release: see below

Use = tuple[str, int, int]  # subject, first, last


class PageIndex:
    """See `scaling.pages.Index`. Every release has pages of its own; a change concerns those of all."""

    @retried
    @transaction.atomic
    def draw(self, paths: Sequence[str]) -> int:
        new = [Page(release=settings.RELEASE, path=path) for path in sorted(paths)]
        Page.objects.bulk_create(new, ignore_conflicts=True)
        mine = Page.objects.select_for_update().filter(release=settings.RELEASE, path__in=paths).order_by("path")
        number = max(now_us(), *(row.drawn + 1 for row in mine))
        Page.objects.filter(pk__in=[row.pk for row in mine]).update(drawn=number)
        return number

    @retried
    @transaction.atomic
    def record(self, number: int, uses: Mapping[str, Uses]) -> set[str]:
        mine = Page.objects.select_for_update().filter(release=settings.RELEASE, path__in=uses).order_by("path")
        rows = {row.pk: row for row in mine if row.number <= number}
        noted: dict[int, dict[Use, PageUse]] = {pk: {} for pk in rows}
        for use in PageUse.objects.filter(page_id__in=rows):
            noted[use.page_id][use.subject, use.first, use.last] = use
        for pk, row in rows.items():
            _replace(noted[pk], {(use.subject, use.first, use.last): use for use in _uses(pk, uses[row.path])})
        Page.objects.filter(pk__in=rows).update(number=number)
        return {row.path for row in rows.values()}

    def done(self, number: int, sizes: Mapping[str, int | None]) -> None:
        now = timezone.now()
        mine = Page.objects.filter(release=settings.RELEASE, path__in=sizes, number=number)
        rows = list(mine)
        for row in rows:
            row.size, row.published_at, row.failed_at, row.error = sizes[row.path], now, None, ""
            row.times += 1
        Page.objects.bulk_update(rows, ["size", "published_at", "failed_at", "error", "times"], batch_size=STEP)

    def failed(self, path: str, error: Exception) -> None:
        told = f"{type(error).__name__}: {error}"[:500]
        since = Coalesce("failed_at", timezone.now())
        Page.objects.filter(release=settings.RELEASE, path=path).update(failed_at=since, error=told)

    def touch(self, name: str, built: Mapping[int, Built]) -> None:
        if settings.PUBLISH == "off":
            return
        pages = _showing(name, built) | moved(name, built)
        own = {path for pk, one in built.items() for path in site().of(name, pk, one)}
        pages |= missing(own - {path for release, path in pages if release == settings.RELEASE})
        enqueue_pages(pages)


def enqueue_pages(pages: Iterable[tuple[str, str]], *, later: bool = False) -> None:
    """Have these published, as (release, path). A few come before everything else, many behind what is urgent."""
    by_release: dict[str, list[str]] = {}
    for release, path in sorted(pages):
        by_release.setdefault(release, []).append(path)
    for release, paths in by_release.items():
        task = publisher_of(release, later or len(paths) > MOST_URGENT)
        for start in range(0, len(paths), STEP):
            _enqueue(task, paths[start : start + STEP])


@retried
@transaction.atomic
def _enqueue(task: str, paths: Sequence[str]) -> None:
    """In the place of rows that were not sent yet, so that a page waits once, however much of it changes. In their
    place, since a publisher that has begun may have counted them as done by what it has read; and as old as they."""
    waiting = Outbox.objects.filter(task=task, subject__in=paths, attempt=0)
    since = dict(waiting.order_by("-due_at").values_list("subject", "due_at"))  # of several the earliest
    waiting.delete()
    now = now_us()
    Outbox.objects.bulk_create(Outbox(task=task, subject=path, due_at=since.get(path, now)) for path in paths)


def _showing(name: str, built: Mapping[int, Built]) -> Pages:
    """The pages that were made of something else of these objects than they are now, but for what is put off."""
    now = {(f"{name}:{pk}", PARTS[WHOLE]): digest(one.data) for pk, one in built.items()}
    now |= {(f"{name}:{pk}", PARTS[CARD]): digest(one.card) for pk, one in built.items()}
    rows = list(_shown(now)[: MANY + 1])
    if len(rows) > MANY:
        for subject in put_off(name, built):
            del now[subject, PARTS[CARD]]
        rows = list(_shown(now))
    return {(release, path) for subject, first, found, release, path in rows if now[subject, first] != found}


def _shown(now: Iterable[tuple[str, int]]) -> QuerySet:
    """What is noted of these parts of objects, on all pages."""
    whole, card = ({subject for subject, first in now if first == PARTS[part]} for part in (WHOLE, CARD))
    either = Q(subject__in=whole, first=PARTS[WHOLE]) | Q(subject__in=card, first=PARTS[CARD])
    rows = PageUse.objects.filter(either)
    return rows.values_list("subject", "first", "digest", "page__release", "page__path")


def has_waiting(subjects: Collection[str]) -> bool:
    """Whether a page that shows one of these, or any when there are none, waits to be published: of this release, or
    of the one whose pages are served while a deploy goes on."""
    if Outbox.objects.filter(task=LOOK).exists() or not are_spread(subjects):
        return True
    return any(_waits(release, subjects) for release in {settings.RELEASE, store().pointed() or settings.RELEASE})


def _waits(release: str, subjects: Collection[str]) -> bool:
    rows = _publications(release)
    if subjects:
        shown = PageUse.objects.filter(subject__in=subjects, first__lt=0, page__release=release)
        rows = rows.filter(subject__in=shown.values("page__path"))
    return rows.exists()


def waiting(release: str) -> dict[int, str]:
    """The paths that wait to be published, by the id of their row."""
    return dict(_publications(release).values_list("pk", "subject"))


def _publications(release: str) -> OutboxQuerySet:
    return Outbox.objects.filter(task__in=[publisher_of(release, later) for later in (False, True)])


def publisher_of(release: str, later: bool) -> str:
    """The task that publishes pages of this release: only its own workers and relays know it."""
    return f"{PUBLISH_LATER if later else PUBLISH}@{release}"


def _uses(page: int, uses: Uses) -> list[PageUse]:
    objects = [
        PageUse(page_id=page, subject=subject, first=PARTS[part], last=PARTS[part], digest=found)
        for (subject, part), found in uses.objects.items()
    ]
    slices = [
        PageUse(page_id=page, subject=key, first=first, last=last, digest=found, total=uses.totals.get(key))
        for (key, first, last), found in uses.slices.items()
    ]
    return objects + slices


def _replace(noted: Mapping[Use, PageUse], wanted: Mapping[Use, PageUse]) -> None:
    """What has not changed is left alone: after most changes a page is made of the same."""
    stale = [use.pk for key, use in noted.items() if key not in wanted or _differ(use, wanted[key])]
    new = [use for key, use in wanted.items() if key not in noted or _differ(noted[key], use)]
    if stale:
        PageUse.objects.filter(pk__in=stale).delete()
    PageUse.objects.bulk_create(new, batch_size=STEP)


def _differ(one: PageUse, other: PageUse) -> bool:
    return (one.digest, one.total) != (other.digest, other.total)


INDEX = PageIndex()
