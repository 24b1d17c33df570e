"""Compare what is cached, what is in the documents and what the tables say, now."""

from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError, CommandParser

from products import shelf  # noqa: F401, says which listing a key is
from scaling.cache import registry
from scaling.comparing import BusyError
from scaling.findings import Result
from scaling.progress import Bar
from scaling.sampler import LISTING, Sampler, sampling
from scaling.stores import cache
from scaling.unavailable import OUTAGES

MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Compare objects in the cache, documents and listings with the tables, and repair what is wrong: the share of"
        " one run of the sampler, or all there is. What was changed a moment ago, or waits in the outbox, is not"
        " counted. Exit status 1 when anything was wrong, or when a server is away."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"only these: {', '.join(_known())}")
        parser.add_argument("--all", action="store_true", help="compare all there is, and not only a share")

    def handle(self, *, kinds: Sequence[str], all: bool, **options: object) -> None:
        if unknown := sorted(set(kinds) - set(_known())):
            they = "is no kind" if len(unknown) == 1 else "are no kinds"
            raise CommandError(f"There {they} {', '.join(unknown)}. There are {', '.join(_known())}.")
        try:
            with sampling(kinds) as sampler:
                result = compare_all(sampler) if all else sampler.run()
        except (*OUTAGES, BusyError) as why:
            raise CommandError(f"Not everything was compared: {why}") from why
        self.stdout.write(str(result))
        for fault in result.faults[:MOST_SHOWN]:
            self.stdout.write(f"  {fault.name} {fault.subject} ({fault.where}): {fault.what}")
        if result.faults:
            raise SystemExit(1)


def compare_all(sampler: Sampler) -> Result:
    for kind, count in sampler.kinds():
        with Bar(kind.name, count) as bar:
            for number in sampler.walk(kind):
                bar.step(number)
    with Bar("cache", cache().dbsize()) as bar:
        for number in sampler.scan():
            bar.step(number)
    return sampler.result


def _known() -> list[str]:
    return [*sorted(registry), LISTING]
