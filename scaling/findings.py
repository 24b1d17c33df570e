"""What the sampler has found, by kind, and how far it has come: on `keep`, where no restart loses it.

All of it is bounded: some numbers a kind, the last few faults, and so many objects to be looked at again.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import codec, lua
from .comparing import CACHED, DOCUMENTS, LISTINGS, Fault
from .stores import keep

COUNTS, CURSORS, LATER, WRONG = "sampler:counts", "sampler:cursors", "sampler:later", "sampler:wrong"
MOST_KEPT = 50
MOST_LATER = 5_000
PLACES = {CACHED: "in the cache", DOCUMENTS: "in the documents", LISTINGS: "in the listings"}

_move = lua.Script("sampler_move")


@dataclass(slots=True)
class Tally:
    """Of one kind, since counting began. Times are seconds since 1970, 0 for never; a round has met everything."""

    name: str
    compared: int = 0
    cached: int = 0
    documents: int = 0
    listings: int = 0
    repaired: int = 0
    run_at: float = 0
    round_at: float = 0

    @property
    def wrong(self) -> int:
        return self.cached + self.documents + self.listings


@dataclass(frozen=True, slots=True)
class Found:
    """A fault, and when it was found: seconds since 1970."""

    fault: Fault
    at: float


@dataclass
class Result:
    """What a sampler has done so far."""

    compared: int = 0
    faults: list[Fault] = field(default_factory=list)
    repaired: int = 0
    later: int = 0  # in flight, to be looked at again
    left: int = 0  # objects and listings of this run that were not compared
    is_cut_short: bool = False

    def __str__(self) -> str:
        wrong = {where: sum(fault.where == where for fault in self.faults) for where in PLACES}
        parts = [f"Compared {self.compared:,}"]
        if self.faults:
            parts.append(", ".join(f"{count:,} wrong {PLACES[where]}" for where, count in wrong.items() if count))
            parts.append(f"{self.repaired:,} repaired")
        elif self.compared:
            parts.append("nothing was wrong")
        if self.later:
            parts.append(f"{self.later:,} in flight, to be looked at again")
        if self.left:
            parts.append(f"{self.left:,} left for a later run")
        elif self.is_cut_short:
            parts.append("there was no time for the rest")
        return f"{'; '.join(parts)}."


def tell(name: str, counts: Mapping[str, int], faults: Sequence[Fault] = ()) -> None:
    """Add to a kind's counts, and keep the faults, in one round trip."""
    pipeline = keep().pipeline()
    for what, count in counts.items():
        pipeline.hincrby(COUNTS, f"{name}:{what}", count)
    pipeline.hset(COUNTS, f"{name}:run_at", str(time.time()))
    for fault in faults[-MOST_KEPT:]:
        pipeline.lpush(WRONG, codec.dumps([time.time(), fault.name, fault.subject, fault.where, fault.what]))
    pipeline.ltrim(WRONG, 0, MOST_KEPT - 1)
    pipeline.execute()


def tallies() -> list[Tally]:
    """The counts of every kind that was ever compared."""
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    counts: Any = keep().hgetall(COUNTS)
    for key, count in counts.items():
        name, _, what = key.decode().partition(":")
        found[name][what] = float(count) if what.endswith("_at") else int(count)
    return [_tally(name, of_name) for name, of_name in sorted(found.items())]


def _tally(name: str, counts: Mapping[str, Any]) -> Tally:
    """Another release may count what this one has no word for."""
    return Tally(name, **{what: counts[what] for what in Tally.__slots__ if what in counts})


def latest() -> list[Found]:
    """The last few faults, the newest first."""
    texts: Any = keep().lrange(WRONG, 0, MOST_KEPT - 1)
    return [Found(Fault(*fault), at) for at, *fault in map(codec.loads, texts)]


def cursor(name: str) -> str:
    """How far a walk has come; empty at its beginning."""
    found: Any = keep().hget(CURSORS, name)
    return (found or b"").decode()


def move(name: str, before: str, after: str) -> bool:
    """Move a cursor on. False when somebody else has meanwhile."""
    return bool(_move(keep(), [CURSORS], [name, before, after]))


def end_round(name: str) -> None:
    """Everything of a kind has been met."""
    keep().hset(COUNTS, f"{name}:round_at", str(time.time()))


def put_off(name: str, ids: Collection[int]) -> None:
    """Have these looked at again in a later run. Of too many the next round sees to it."""
    key = f"{LATER}:{name}"
    if ids and keep().scard(key) < MOST_LATER:
        keep().sadd(key, *ids)


def some_put_off(name: str, most: int) -> list[int]:
    """Some that are to be looked at again, at random. They stay until `settled`: a run may be cut short."""
    found: Any = keep().srandmember(f"{LATER}:{name}", most)
    return sorted(int(pk) for pk in found)


def settled(name: str, ids: Collection[int]) -> None:
    """These have been compared, and need not be looked at again."""
    if ids:
        keep().srem(f"{LATER}:{name}", *ids)
