"""How the databases stand, for people: `manage.py replicas` and the page of the admin show it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections
from redis.exceptions import RedisError

from . import census, settings
from .monitor import Monitor, monitor
from .positions import Position

NAMED = 3  # processes


@dataclass(frozen=True, slots=True)
class Standing:
    """One database. `lag` is in seconds and `share` in hundredths of the reads of the last minutes, both None when
    nobody knows. `is_in` of `out_of` processes read from it; `why` the others do not, and which these are."""

    alias: str
    place: str
    is_reachable: bool
    position: str
    lag: float | None
    share: float | None
    is_in: int
    out_of: int
    why: str

    @property
    def said(self) -> str:
        """In or out, in words."""
        if self.alias == DEFAULT_DB_ALIAS:
            return self.why or "takes every write"
        if self.is_in == self.out_of:
            return "in"
        return f"in for {self.is_in} of {self.out_of} processes; {self.why}" if self.is_in else f"out: {self.why}"

    @property
    def reads(self) -> str:
        """Its share of the reads, in words. Nothing counts them while SQLite is primary and replica in one."""
        if self.share is not None:
            return f"{self.share:.0f} %"
        return "not counted with SQLite" if connections[self.alias].vendor == "sqlite" else "–"


def standings() -> list[Standing]:
    """The primary first, then each replica. Processes that run say what they see; without one, this one does."""
    watched = monitor()
    try:
        told, reads = census.views(), census.reads()
    except RedisError:
        told, reads = {}, None
    views = told | {census.own_name(): _own(watched)}  # what it has told may be of before its first look
    shares = {alias: 100 * reads[alias] / reads.total() for alias in settings.DATABASES} if reads else {}
    down = watched.primary.trouble or ("does not answer" if watched.primary_is_down() else "")
    default = DEFAULT_DB_ALIAS
    primary = watched.primary.position
    rows = [Standing(default, place(default), not down, text(primary), 0.0, shares.get(default), 0, 0, down)]
    for alias, replica in watched.replicas.items():
        seen = {process: view[alias] for process, view in views.items() if alias in view}
        is_there = not watched.is_watching or not replica.is_silent(time.monotonic())
        lag = max(view.lag for view in seen.values()) if is_there and (told or not replica.lag) else None
        out = {process: view.why for process, view in seen.items() if view.why} if watched.is_watching else {}
        why = _reason(out, is_out=len(out) == len(seen))
        share, position = shares.get(alias), text(replica.position)
        rows.append(
            Standing(alias, place(alias), is_there, position, lag, share, len(seen) - len(out), len(seen), why)
        )
    return rows


def _own(watched: Monitor) -> dict[str, census.View]:
    """As this process sees the replicas at this moment."""
    now = time.monotonic()
    return {alias: census.View(replica.lag, replica.said(now)) for alias, replica in watched.replicas.items()}


def _reason(out: Mapping[str, str], *, is_out: bool) -> str:
    """Why these processes do not read from it. Where others do, by their names, as many as fit on a line."""
    if is_out:
        return next(iter(out.values()), "")
    named = [f"{process}: {why}" for process, why in sorted(out.items())]
    more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
    return ", ".join(named[:NAMED] + more)


def place(alias: str) -> str:
    """Where the database is: host:port, or the file."""
    there = connections.settings[alias]
    return f"{there['HOST']}:{there['PORT']}" if there.get("HOST") else str(there["NAME"])


def text(position: Position) -> str:
    return ", ".join(f"{log}: {number:,}" for log, number in sorted(position.items())) or "–"
