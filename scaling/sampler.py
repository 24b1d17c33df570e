"""Cache: never wrong for good. A few are compared every minute, all of them within a day, and repaired when wrong.

Triggers, outbox and fence are meant to keep every object right; the sampler is how anybody knows. It walks the ids of
each kind, those of tables and of durable copies alike, and the keys of the cache, for what is only there. It looks at
some at random, repairs what differs, and counts it. Its cursors are on `keep` and move by compare-and-set, so that
two samplers do no harm, and a run that was cut short loses nothing.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any

from . import findings
from .cache import CachedObject, RefusedError, registry
from .comparing import Fault, compare, compare_listing
from .findings import PLACES, Result
from .listings import listing_of
from .replicas import primary, unit_of_work
from .stores import cache

RUNS_A_DAY = 24 * 60
RUN_SECONDS = 20
LEAST_IDS = 50  # of each kind in a run
LEAST_KEYS = 20  # of the cache
AT_RANDOM = 10
PUT_OFF = 500  # looked at again in a run
BATCH = 100
LISTING = "listing"  # what listings are counted as, and the walk through the keys of the cache

log = logging.getLogger(__name__)


class Sampler:
    """Compares objects of the kinds in `names` (all when empty; "listing" are the listings), each once at most, until
    `seconds` have passed; then it ends after the `batch` it is at. A listing with more than `longest` members is left
    alone. What it left is counted. Everything raises the outages of the servers it asks, and BusyError."""

    def __init__(
        self,
        names: Collection[str] = (),
        seconds: float = float("inf"),
        batch: int = BATCH,
        longest: float = float("inf"),
    ) -> None:
        self.batch, self.longest = batch, longest
        self.names = set(names) or {*registry, LISTING}
        self.result = Result()
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._met: defaultdict[str, set[int | str]] = defaultdict(set)
        self._left: set[tuple[str, int | str]] = set()

    def kinds(self) -> list[tuple[CachedObject, int]]:
        """Those that can be walked, and about how many there are of each."""
        counted = ((kind, kind.count()) for name, kind in sorted(registry.items()) if name in self.names)
        return [(kind, count) for kind, count in counted if count]

    def run(self) -> Result:
        """A share of all there is, such that RUNS_A_DAY of them are the whole."""
        for name in self.names & registry.keys():
            self.objects(registry[name], findings.some_put_off(name, PUT_OFF))
        for kind, count in self.kinds():
            self._walk_on(kind, _share(count, LEAST_IDS))
        self._scan_on(_share(cache().dbsize(), LEAST_KEYS))
        self.keys(_keys_at_random())
        if self.result.is_cut_short:
            log.warning("The sampler has taken its %g seconds, and leaves the rest of its share", self._seconds)
        return self.result

    def walk(self, kind: CachedObject) -> Iterator[int]:
        """All objects of a kind, in batches; yields how many each holds."""
        last = 0
        while ids := kind.after(last, BATCH):
            self.objects(kind, ids)
            last = ids[-1]
            yield len(ids)
        findings.end_round(kind.name)

    def scan(self) -> Iterator[int]:
        """All keys of the cache, likewise."""
        cursor = -1
        while cursor:
            cursor, keys = cache().scan(max(cursor, 0), count=BATCH)
            self.keys(keys)
            yield len(keys)
        if LISTING in self.names:
            findings.end_round(LISTING)

    def keys(self, keys: Iterable[Any]) -> None:
        """The objects and listings under these keys of the cache."""
        split = [key.decode(errors="replace").split(":") for key in keys]
        self.named((each[1], int(each[2])) for each in split if _is_object(each))
        for each in split:
            if each[0] == "l":
                self.listing(":".join(each))

    def named(self, named: Iterable[tuple[str, int]]) -> None:
        """These objects, by name and id."""
        ids: defaultdict[str, list[int]] = defaultdict(list)
        for name, pk in named:
            ids[name].append(pk)
        for name in ids.keys() & self.names & registry.keys():
            self.objects(registry[name], ids[name])

    def objects(self, kind: CachedObject, ids: Sequence[int]) -> bool:
        """Compare these and repair what is wrong of them. False when there was no time for all."""
        left = [pk for pk in dict.fromkeys(ids) if pk not in self._met[kind.name]]
        for start in range(0, len(left), self.batch):
            if not self._has_time():
                self._leave(kind.name, left[start:])
                return False
            self._compare(kind, left[start : start + self.batch])
        return True

    def listing(self, key: str) -> None:
        """The same with a listing. One that is wrong is dropped: its next reader has it built again."""
        listing = listing_of(key) if LISTING in self.names and key not in self._met[LISTING] else None
        if listing is None:
            return
        if not self._has_time() or cache().zcard(key) > self.longest:
            return self._leave(LISTING, [key])
        self._met[LISTING].add(key)
        faults = compare_listing(listing).faults
        if faults:
            listing.forget()
        self._tell(LISTING, 1, faults, len(faults))

    def _compare(self, kind: CachedObject, ids: Sequence[int]) -> None:
        looked = compare(kind, ids)
        self._met[kind.name].update(ids)
        wrong = list(dict.fromkeys(int(fault.subject) for fault in looked.faults))
        repaired = _repair(kind, wrong) if wrong else 0
        findings.settled(kind.name, set(ids) - looked.later)
        findings.put_off(kind.name, looked.later)
        self.result.later += len(looked.later)
        self._tell(kind.name, len(ids) - len(looked.later), looked.faults, repaired)

    def _tell(self, name: str, compared: int, faults: list[Fault], repaired: int) -> None:
        self.result.compared += compared
        self.result.faults += faults
        self.result.repaired += repaired
        counts = {where: sum(fault.where == where for fault in faults) for where in PLACES}
        findings.tell(name, counts | {"compared": compared, "repaired": repaired}, faults)
        for fault in faults:
            log.warning("%s %s was wrong (%s): %s", fault.name, fault.subject, fault.where, fault.what)

    def _walk_on(self, kind: CachedObject, most: int) -> None:
        """From where the last run stopped. At the end a round has ended, and the next run begins anew."""
        before = findings.cursor(kind.name)
        while most > 0:
            asked = min(most, BATCH)
            ids = kind.after(int(before or 0), asked)
            if not self.objects(kind, ids):
                self.result.left += most - asked
                return
            after = str(ids[-1]) if len(ids) == asked else ""
            if not findings.move(kind.name, before, after):
                return  # somebody else walks here, too
            if not after:
                return findings.end_round(kind.name)
            before, most = after, most - asked

    def _scan_on(self, most: int) -> None:
        before = findings.cursor(LISTING)
        while most > 0:
            cursor, keys = cache().scan(int(before or 0), count=min(most, BATCH))
            self.keys(keys)
            after = str(cursor) if cursor else ""
            if self.result.left or not self._has_time() or not findings.move(LISTING, before, after):
                return
            if not after:
                return findings.end_round(LISTING)
            before, most = after, most - max(len(keys), 1)

    def _leave(self, name: str, subjects: Iterable[int | str]) -> None:
        new = {(name, subject) for subject in subjects} - self._left
        self._left |= new
        self.result.left += len(new)

    def _has_time(self) -> bool:
        self.result.is_cut_short |= time.monotonic() >= self._ends_at
        return not self.result.is_cut_short


@contextmanager
def sampling(names: Collection[str] = (), **bounds: Any) -> Iterator[Sampler]:
    """A `Sampler` that reads the primary: what a replica has not heard of yet is not wrong."""
    with unit_of_work(), primary():
        yield Sampler(names, **bounds)


def _share(total: int, least: int) -> int:
    return max(least, ceil(total / RUNS_A_DAY))


def _keys_at_random() -> list[bytes]:
    pipeline = cache().pipeline(transaction=False)
    for _ in range(AT_RANDOM):
        pipeline.randomkey()
    return [key for key in pipeline.execute() if key]


def _is_object(split: Sequence[str]) -> bool:
    return len(split) == 3 and split[0] == "o" and split[2].isascii() and split[2].isdecimal() and len(split[2]) < 19


def _repair(kind: CachedObject, ids: Sequence[int]) -> int:
    """Build them again. Where the cache has heard of a version that the database has lost, such as after a promotion,
    nothing older would ever be stored: then what it has heard is dropped with the rest."""
    try:
        kind.refresh(ids)
    except RefusedError:
        cache().delete(*(kind.key(pk) for pk in ids))
        try:
            kind.refresh(ids)
        except RefusedError as why:
            log.error("Not repaired: %s", why)
            return 0
    return len(ids)
