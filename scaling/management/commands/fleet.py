"""Who is alive, and which code they run."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from scaling.fleet import BEAT_SECONDS, WEB, Member, fleet, strangers

HEADS = ("name", "release", "since", "host", "process", "does")
LOOK_AGAIN_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Show every process of the fleet that is alive: clones, workers, relays and beat, which release each runs and"
        " for how long. With --expect the exit status is 1 unless all of them run that release."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--expect", metavar="RELEASE", help="the release that everybody should run")
        parser.add_argument(
            "--within", metavar="SECONDS", type=float, default=0.0, help="wait so long for that; 0 when left out"
        )

    def handle(self, *, expect: str | None, within: float, **options: Any) -> None:
        deadline = time.monotonic() + within
        members = found()
        while expect and not is_whole(members, expect) and time.monotonic() < deadline:
            time.sleep(min(LOOK_AGAIN_SECONDS, BEAT_SECONDS))
            members = found()
        self.stdout.write("\n".join(table(members)) if members else "Nobody is alive.")
        if expect and not is_whole(members, expect):
            raise CommandError(complaint(members, expect))


def found() -> list[Member]:
    try:
        return fleet()
    except RedisError as error:
        raise CommandError(f"`keep` does not answer, so nobody can tell who is alive: {error}") from error


def is_whole(members: Sequence[Member], release: str) -> bool:
    """Whether there is a clone at all, and nobody runs other code."""
    return any(member.kind == WEB for member in members) and not strangers(members, release)


def complaint(members: Sequence[Member], release: str) -> str:
    others = strangers(members, release)
    if not others:
        return f"No clone of release {release} is alive."
    names = ", ".join(f"{other.called} ({other.release})" for other in others)
    return f"{len(others)} of {len(members)} run another release than {release}: {names}."


def table(members: Sequence[Member]) -> list[str]:
    """The lines, with a mark where several releases are met and it is not the one that most run."""
    releases = [member.release for member in members]
    usual = max(releases, key=releases.count)
    rows = [HEADS, *(cells(member, usual) for member in members)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def cells(member: Member, usual: str) -> tuple[str, ...]:
    mark = "" if member.release == usual else " (another)"
    age = timedelta(seconds=int(time.time() - member.since))
    doing = "drains" if member.is_draining else ", ".join(member.lanes)
    return member.called, f"{member.release}{mark}", str(age), member.host, str(member.pid), doing
