"""Cache, when an answer has grown old: it is given all the same, and a new one is made behind it.

Nobody waits for an expired object or for a listing that has to be built again. What is to be done is done by a thread
or two of this process, each piece once; of more than it can bear it does none, and the next reader asks again.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import DEFAULT_DB_ALIAS, connections

from .replicas import unit_of_work
from .unavailable import OUTAGES

THREADS = 2
MOST_WAITING = 64

log = logging.getLogger(__name__)


class Behind:
    """Work that nobody waits for."""

    def __init__(self) -> None:
        self._pending: set[str] = set()
        self._changed = threading.Condition()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="behind")

    def soon(self, name: str, work: Callable[[], object]) -> None:
        """Have `work` done, unless some of that name is waiting or under way. Inside a transaction it is done here
        and now: nobody else sees what is in it."""
        if connections[DEFAULT_DB_ALIAS].in_atomic_block:
            work()
            return
        with self._changed:
            if name in self._pending or len(self._pending) >= MOST_WAITING:
                return
            self._pending.add(name)
        try:
            self._threads.submit(self._do, name, work)
        except RuntimeError as error:  # no thread to be had, or the process is about to end
            log.warning("%s was not built behind: %s", name, error)
            self._done(name)

    def wait(self, seconds: float) -> bool:
        """Until nothing is left to be done, or False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, seconds)

    def _do(self, name: str, work: Callable[[], object]) -> None:
        try:
            with unit_of_work():
                work()
        except OUTAGES as error:
            log.warning("%s was not built behind: %s", name, error)
        except Exception:  # the end of a thread: nobody else would hear of it
            log.exception("%s was not built behind", name)
        finally:
            connections.close_all()
            self._done(name)

    def _done(self, name: str) -> None:
        with self._changed:
            self._pending.discard(name)
            self._changed.notify_all()


behind = Behind()
os.register_at_fork(after_in_child=behind.__init__)  # type: ignore[misc]  # a fork copies no threads
