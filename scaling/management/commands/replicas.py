"""How the databases stand."""

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from scaling.census import SHARE_MINUTES
from scaling.standing import Standing, standings

HEADS = ("", "where", "reachable", "position", "lag", f"reads ({SHARE_MINUTES} min)", "in service")
POSITION = "A position is the last transaction a server holds, by GTID domain: “0: 414” is number 414 of domain 0."


class Command(BaseCommand):
    help = (
        "Show the primary and each replica: whether it can be reached, how far it has come, how many seconds it is"
        f" behind, its share of the reads of the last {SHARE_MINUTES} minutes, and whether it is in service, or why"
        " it is not."
    )
    requires_system_checks = ()

    def handle(self, **options: object) -> None:
        try:
            shown = standings()
        except ImproperlyConfigured as why:
            raise CommandError(str(why)) from why
        table = [HEADS, *(cells(standing) for standing in shown)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())
        if any(standing.position != "–" for standing in shown):
            self.stdout.write(f"\n{POSITION}")


def cells(standing: Standing) -> tuple[str, ...]:
    return (
        standing.alias,
        standing.place,
        "yes" if standing.is_reachable else "no",
        standing.position,
        "–" if standing.lag is None else f"{standing.lag:.1f} s",
        standing.reads,
        standing.said,
    )
