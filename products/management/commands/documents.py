"""Say where the documents are, build them all again, or move them to another store."""

import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from products import documents, moving, phases, rebuilding
from products.counting import count
from products.data import PRODUCTS
from products.documents.stores import of
from products.models import Product
from products.moves import NAME as MOVE
from products.moves import Move
from products.phases import MoveError
from products.rebuilding import BrokenError, Faults
from products.store_names import UnknownStoreError, alias_of
from products.walks import BusyError, left_at, walking
from scaling.progress import Bar
from scaling.replicas import primary, unit_of_work
from scaling.unavailable import OUTAGES

INTERRUPTED = 130  # the exit status


class Command(BaseCommand):
    help = (
        "Without an option: say which store holds the documents, how many there are, and how many are not as they"
        " should be. The rest works while shop and workers run, and goes on where it was left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_mutually_exclusive_group()
        verbs.add_argument("--rebuild", action="store_true", help="build every document again from the tables")
        verbs.add_argument("--move", action="store_true", help="copy them to NEXT_DOCUMENTS_URL, compare, read it")
        verbs.add_argument("--back", action="store_true", help="one step back: read the former store, then leave it")
        verbs.add_argument("--finish", action="store_true", help="after --move: write the new store alone")
        verbs.add_argument("--adopt", action="store_true", help="take DOCUMENTS_URL for the store in service")
        parser.add_argument("--from-start", action="store_true", help="with --rebuild: begin at the first product")
        parser.add_argument("--dry-run", action="store_true", help="with --move: say what it would do")

    def handle(self, **options: Any) -> None:
        verb = next((name for name in ("rebuild", "move", "back", "finish", "adopt") if options[name]), "tell")
        if why := _refusal(verb, **options):
            raise CommandError(why)
        try:
            with unit_of_work(), primary():
                getattr(self, verb)(**options)
        except (BusyError, MoveError, BrokenError, UnknownStoreError) as why:
            raise CommandError(str(why)) from why
        except documents.AwayError as why:
            raise CommandError(f"{why}.{_how_to_go_on(verb, **options)}") from why
        except OUTAGES as why:
            raise CommandError(f"What is needed does not answer ({why}).{_how_to_go_on(verb, **options)}") from why
        except KeyboardInterrupt:
            raise CommandError(f"Stopped.{_how_to_go_on(verb, **options)}", returncode=INTERRUPTED) from None

    def tell(self, **options: Any) -> None:
        standing = moving.ask()
        alias = alias_of(standing.read)
        counted = count(of(alias), PRODUCTS.shape)
        self._say(
            f"The documents are in {standing.read}: {counted.documents:,}, {counted.gone:,} of them gone."
            f" {connections[alias].settings_dict['ENGINE']} asks for them."
        )
        self._say(
            f"Products without one: {counted.missing:,}. Documents that are older than their product:"
            f" {counted.behind:,}, newer: {counted.ahead:,}, of another form: {counted.others:,}."
        )
        self._say(_phase(standing))
        if left := left_at(rebuilding.NAME):
            self._say(f"A rebuild has come to product {left.place} ({left.done:,} so far): --rebuild goes on there.")

    def rebuild(self, *, from_start: bool, **options: Any) -> None:
        with walking(rebuilding.NAME, self._say_waiting) as walk:
            if walk.begin(rebuilding.of_now(), is_afresh=from_start):
                self._say(f"Goes on after product {walk.place}: {walk.done:,} were built before.")
            before, began = walk.done, time.monotonic()
            faults = Faults()
            with self._bar("Documents") as bar:
                bar.step(before)
                for number in rebuilding.rebuild(walk, faults):
                    bar.step(number)
        built, seconds = walk.done - before - len(faults.ids), time.monotonic() - began
        self._say(f"Built {built:,} in {seconds:.1f} s: {built / max(seconds, 0.001):,.0f} documents a second.")
        if faults.ids:
            which = ", ".join(map(str, faults.ids))
            raise CommandError(f"{len(faults.ids)} could not be built, the log says why: products {which}.")

    def move(self, *, dry_run: bool, **options: Any) -> None:
        move = Move(self._say, self._bar)
        if dry_run:
            return move.tell()
        with walking(MOVE, self._say_waiting) as walk:
            move.run(walk)

    def back(self, **options: Any) -> None:
        self._take(phases.back)

    def finish(self, **options: Any) -> None:
        self._take(phases.finish)
        if moving.ask().source != moving.unmoved().source:
            self._say("At the next deploy its address goes into DOCUMENTS_URL, and NEXT_DOCUMENTS_URL goes away.")

    def adopt(self, **options: Any) -> None:
        self._take(phases.adopt)
        self._say("What it lacks --rebuild builds.")

    def _take(self, step: Callable[[], moving.Standing]) -> None:
        with walking(MOVE, self._say_waiting):
            self._say(_phase(step()))

    def _bar(self, label: str) -> Bar:
        return Bar(label, Product.objects.count())

    def _say(self, line: str) -> None:
        self.stdout.write(line)

    def _say_waiting(self) -> None:
        self._say("Somebody is at it, or was killed at it: looking which …")


def _refusal(verb: str, *, from_start: bool, dry_run: bool, **options: Any) -> str:
    """Why this cannot be meant, in a line."""
    if from_start and verb != "rebuild":
        return "--from-start goes with --rebuild."
    return "--dry-run goes with --move." if dry_run and verb != "move" else ""


def _how_to_go_on(verb: str, *, dry_run: bool, **options: Any) -> str:
    return f" manage.py documents --{verb} goes on from here." if verb in ("rebuild", "move") and not dry_run else ""


def _phase(standing: moving.Standing) -> str:
    """Where a move is, and what can be done next."""
    source, target = standing.source, standing.target
    return {
        moving.Phase.ALONE: f"{source} alone is written; nothing is being moved.",
        moving.Phase.BOTH: f"They are being moved: {source} is read, and {target} written as well. --move goes on,"
        f" --back leaves {target}.",
        moving.Phase.SWITCHED: f"They were moved: {target} is read, and {source} written as well. --finish ends it.",
    }[moving.Phase(standing.phase)]
