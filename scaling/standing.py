"""How the databases stand, for people: `manage.py replicas` and the page of the admin show it."""

import time
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, connections
from redis.exceptions import RedisError

from . import census, settings
from .monitor import monitor
from .positions import Position


@dataclass(frozen=True, slots=True)
class Standing:
    """One database. `lag` is in seconds and `share` in hundredths of the reads of the last minutes, both None when
    nobody knows. `is_in` of `out_of` processes read from it; `why` the others do not."""

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
        return f"out: {self.why}" if not self.is_in else f"in for {self.is_in} of {self.out_of} processes: {self.why}"

    @property
    def reads(self) -> str:
        """Its share of the reads, in words. Nothing counts them while SQLite is primary and replica in one."""
        if self.share is not None:
            return f"{self.share:.0f} %"
        return "not counted with SQLite" if connections[self.alias].vendor == "sqlite" else "–"


def standings() -> list[Standing]:
    """The primary first, then each replica. Processes that run say what they see; without one, this one does."""
    watched, now = monitor(), time.monotonic()
    try:
        views, reads = census.views(), census.reads()
    except RedisError:
        views, reads = [], None
    own = {alias: census.View(replica.lag, replica.said(now)) for alias, replica in watched.replicas.items()}
    shares = {alias: 100 * reads[alias] / reads.total() for alias in settings.DATABASES} if reads else {}
    down = watched.primary.trouble or ("does not answer" if watched.primary_is_down() else "")
    default = DEFAULT_DB_ALIAS
    primary = watched.primary.position
    rows = [Standing(default, place(default), not down, text(primary), 0.0, shares.get(default), 0, 0, down)]
    for alias, replica in watched.replicas.items():
        seen = [view[alias] for view in views if alias in view] or [own[alias]]
        is_there = not watched.is_watching or not replica.is_silent(now)
        lag = max(view.lag for view in seen) if is_there and (views or not replica.lag) else None
        reasons = [view.why for view in seen if view.why] if watched.is_watching else []
        share, position = shares.get(alias), text(replica.position)
        why = reasons[0] if reasons else ""
        is_in, out_of = len(seen) - len(reasons), len(seen)
        rows.append(Standing(alias, place(alias), is_there, position, lag, share, is_in, out_of, why))
    return rows


def place(alias: str) -> str:
    """Where the database is: host:port, or the file."""
    there = connections.settings[alias]
    return f"{there['HOST']}:{there['PORT']}" if there.get("HOST") else str(there["NAME"])


def text(position: Position) -> str:
    return ", ".join(f"{log}: {number:,}" for log, number in sorted(position.items())) or "–"
