"""Tell which pages are published, and what they are made of."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from jobs.backlog import age
from jobs.models import Page, PageUse
from jobs.page_overview import Made, age_of, made_of
from scaling import settings
from scaling.unavailable import OUTAGES

SHOWN = 50
CHUNK = 500  # rows a statement
HEADINGS = ("age", "size", "times", "objects", "slices")
WIDTH = 10


class Command(BaseCommand):
    help = (
        "Tell which pages of this release are published: how old and large each is, how often it was published, and"
        " of how many objects and slices of listings it is made. Of pages that are named, what they are made of."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="tell of this page what it is made of")
        parser.add_argument("--failed", action="store_true", help="only those that cannot be rendered, and why")
        parser.add_argument("--all", action="store_true", help=f"every line, and not only {SHOWN}")

    def handle(self, *, paths: Sequence[str], failed: bool, all: bool, **options: Any) -> None:
        if paths and failed:
            raise CommandError("Name pages, or say --failed, and not both.")
        try:
            pages = Page.objects.filter(release=settings.RELEASE)
            lines = _named(pages, paths, all) if paths else _table(pages, failed, all)
            for line in lines:
                self.stdout.write(line)
        except OUTAGES as error:
            raise CommandError(f"The database does not answer: {error}") from error


def _table(pages: QuerySet[Page], failed: bool, all: bool) -> Iterator[str]:
    if failed:
        pages = pages.filter(failed_at__isnull=False)
    count = pages.count()
    if not count:
        yield "No page has failed." if failed else "No page is published."
        return
    yield f"{''.join(heading.rjust(WIDTH) for heading in HEADINGS)}  page"
    rows = pages.order_by("path")[: count if all else SHOWN].iterator(CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        made = made_of([page.pk for page in chunk])
        for page in chunk:
            yield from _lines(page, made[page.pk])
    yield from _more(count, all)


def _lines(page: Page, made: Made) -> Iterator[str]:
    seconds = age_of(page.published_at) if page.published_at else None
    told = (age(seconds), _size(page), page.times, made.objects, made.slices)
    yield f"{''.join(str(each).rjust(WIDTH) for each in told)}  {page.path}"
    yield from (f"{' ' * WIDTH * len(HEADINGS)}  {why}" for why in _why(page))


def _named(pages: QuerySet[Page], paths: Sequence[str], all: bool) -> Iterator[str]:
    found = {page.path: page for page in pages.filter(path__in=paths)}
    if unknown := [path for path in paths if path not in found]:
        raise CommandError(f"There is no page “{unknown[0]}” of release {settings.RELEASE}.")
    for page in map(found.__getitem__, dict.fromkeys(paths)):
        yield f"{page.path}  {_size(page)}, {_published(page)}"
        yield from _why(page)
        uses = page.uses.order_by("subject", "first")
        count = uses.count()
        yield from (f"  {_use(use)}" for use in uses[: count if all else SHOWN])
        yield from _more(count, all)


def _use(use: PageUse) -> str:
    return str(use) if use.total is None else f"{use} of {use.total}"


def _published(page: Page) -> str:
    if not page.published_at:
        return "never published"
    return f"published {_times(page)}, {age(age_of(page.published_at))} ago"


def _times(page: Page) -> str:
    return "once" if page.times == 1 else f"{page.times} times"


def _size(page: Page) -> str:
    if page.size is None:
        return "gone" if page.published_at else "not yet"
    return f"{page.size / 1000:,.1f} kB"


def _why(page: Page) -> Iterable[str]:
    return [f"failed {age(age_of(page.failed_at))} ago: {' '.join(page.error.split())}"] if page.failed_at else []


def _more(count: int, all: bool) -> Iterable[str]:
    return [] if all or count <= SHOWN else [f"… and {count - SHOWN:,} more: --all shows them."]
