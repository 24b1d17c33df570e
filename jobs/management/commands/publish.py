"""Publish pages at once, in this process, or tell what publishing would change."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.publishing import Outcome, catch_up, differences, publish_now
from scaling import settings
from scaling.addresses import name_of
from scaling.pages import store
from scaling.progress import Bar
from scaling.sites import site
from scaling.unavailable import OUTAGES

SHOWN = 50


class Command(BaseCommand):
    help = (
        "Publish pages of this release at once, in this process. Workers publish what has changed, and look at all of"
        " it every hour: this is for whoever will not wait. Exit status 1 when a page has failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="like /shelves/ or /shelves/?page=2")
        parser.add_argument("--all", action="store_true", help="every page that there should be")
        parser.add_argument("--dry-run", action="store_true", help="render, tell which pages differ, write nothing")
        parser.add_argument(
            "--point", action="store_true", help="then, unless a page has failed, have this release's pages served"
        )

    def handle(self, *, paths: Sequence[str], all: bool, dry_run: bool, point: bool, **options: Any) -> None:
        if why := _refusal(paths, all, dry_run, point):
            raise CommandError(why)
        try:
            wanted = list(dict.fromkeys(site().all() if all else paths))
            failed = (self.compare(wanted) if dry_run else self.publish(wanted)) if wanted else {}
            if point and not failed:
                failed = self.point()
        except (*OUTAGES, OSError) as error:
            raise CommandError(f"What is needed does not answer: {error}") from error
        if failed:
            raise SystemExit(1)

    def publish(self, wanted: Sequence[str]) -> Mapping[str, Exception]:
        """Returns those that failed, and why."""
        began = time.monotonic()
        with Bar("Pages", len(wanted)) as bar:
            outcome = publish_now(wanted, bar.step)
        self._tell_failed(outcome.failed)
        self.stdout.write(_told(outcome, len(wanted), time.monotonic() - began))
        return outcome.failed

    def point(self) -> Mapping[str, Exception]:
        """Likewise."""
        failed = catch_up()
        self._tell_failed(failed)
        if not failed:
            store().point()
            self.stdout.write(f"The pages of release {settings.RELEASE} are served from now on.")
        return failed

    def compare(self, wanted: Sequence[str]) -> Mapping[str, Exception]:
        """Likewise."""
        with Bar("Pages", len(wanted)) as bar:
            found = differences(wanted, bar.step)
        failed = {path: what for path, what in found.items() if isinstance(what, Exception)}
        self._tell([f"{what:8} {path}" for path, what in found.items() if what != "same" and path not in failed])
        self._tell_failed(failed)
        counts = Counter("failed" if path in failed else str(what) for path, what in found.items())
        told = ", ".join(f"{counts[what]:,} {what}" for what in ("new", "changed", "gone", "same", "failed"))
        self.stdout.write(f"{told}. Nothing was written.")
        return failed

    def _tell_failed(self, failed: Mapping[str, Exception]) -> None:
        self._tell([f"failed   {path}: {_in_a_line(error)}" for path, error in failed.items()])

    def _tell(self, lines: Sequence[str]) -> None:
        for line in lines[:SHOWN]:
            self.stdout.write(line)
        if len(lines) > SHOWN:
            self.stdout.write(f"… and {len(lines) - SHOWN:,} more")


def _refusal(paths: Sequence[str], all: bool, dry_run: bool, point: bool) -> str:
    """Why this cannot be done, in a line."""
    if settings.PUBLISH == "off":
        return "PUBLISH is off: no page is published."
    if not (paths or all or point) or bool(paths and all):
        return "Name pages, or say --all, and not both." if paths else "Name pages, or say --all."
    if dry_run and point:
        return "--dry-run writes nothing: leave --point out."
    for path in paths:
        if not name_of(path):
            return f"“{path}” is no path that can be published."
        if not site().wants(path):
            return f"“{path}” is not among the pages that are published while PUBLISH is {settings.PUBLISH}."
    return ""


def _told(outcome: Outcome, wanted: int, seconds: float) -> str:
    told = f"{outcome.published:,} published, {outcome.gone:,} gone, {len(outcome.failed):,} failed"
    if others := wanted - outcome.published - outcome.gone - len(outcome.failed):
        told += f", {others:,} by somebody else meanwhile"
    rate = (outcome.published + outcome.gone) / max(seconds, 0.001)
    return f"{told} in {seconds:.1f} s: {rate:,.0f} pages a second."


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
