"""Cache, when it has no answer: what many want at once is read once, and the database is asked by few at a time.

Five hundred readers of one cold key would be five hundred assemblies, and a cache that is away would send the whole
crowd to the database. So in each process threads that want the same share one answer, and no more than READS_AT_ONCE
of them read. While the cache is away an answer serves whoever comes within the next second, too.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from django.db import OperationalError

from .replicas import current

READS_AT_ONCE = 4
PATIENCE_SECONDS = 1.5  # for a place among the readers, or for what somebody else is at
RECENT_SECONDS = 1.0
MOST_RECENT = 1_000

T = TypeVar("T")


class Flights:
    """Work under way in this process, by what it is for."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, Future] = {}
        self._lock = threading.Lock()
        self._reads = threading.BoundedSemaphore(READS_AT_ONCE)
        self._recent: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def share(self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of `work`, or of somebody else's who is at the same; also if that is an error."""
        with self._lock:
            shared: Future[Any] | None = self._under_way.get(key)
            if shared is None:
                mine = self._under_way[key] = Future()
        if shared is not None:
            return _result(shared)
        try:
            mine.set_result(work())
        except BaseException as error:
            mine.set_exception(error)
        finally:
            with self._lock:
                del self._under_way[key]
        return mine.result()

    def share_for_a_while(self, key: Hashable, work: Callable[[], T]) -> T:
        """The same, and for a second what came of it."""
        return self.share(key, partial(self._recent_or, key, work))

    def _recent_or(self, key: Hashable, work: Callable[[], T]) -> T:
        """Kept before it lands: whoever comes afterwards finds it under way or kept."""
        kept = self._recent.get(key)
        if kept and time.monotonic() - kept[0] < RECENT_SECONDS:
            return kept[1]
        result = work()
        with self._lock:
            self._recent[key] = (time.monotonic(), result)
            while len(self._recent) > MOST_RECENT:
                self._recent.popitem(last=False)
        return result

    def forget(self) -> None:
        """Keep nothing of what was read."""
        with self._lock:
            self._recent.clear()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A place among those who read. Whoever gets none in time is told what a database too busy would say."""
        if not self._reads.acquire(timeout=seconds_left(PATIENCE_SECONDS)):
            raise OperationalError("Too many are reading at once.")
        try:
            yield
        finally:
            self._reads.release()


def seconds_left(most: float) -> float:
    """How long this work may wait: `most`, and in a request no longer than all its waiting may last."""
    return max(0.0, min(most, current().waits_until - time.monotonic()))


def _result(shared: Future[Any]) -> Any:
    try:
        return shared.result(seconds_left(PATIENCE_SECONDS))
    except FutureTimeoutError:
        raise OperationalError("Somebody is at it, and takes too long.") from None


flights = Flights()
os.register_at_fork(after_in_child=flights.__init__)  # type: ignore[misc]  # a fork copies locks, not their holders
