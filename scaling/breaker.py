"""Cache, when it is away: who finds out tells the others of its process, and nobody waits for it any more.

A server that is silent costs every reader a time-out, and with all threads waiting the shop stands still. So the
first failure opens the breaker: commands fail at once, and a thread asks four times a second whether the server is
back. Before it is used again it is caught up with: what was changed while it could not be told must not be read from
it.
"""

import logging
import os
import re
import threading
from collections.abc import Callable

from redis.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

PROBE_SECONDS = 0.25
LOST = (RedisConnectionError, RedisTimeoutError)  # what a server that is away raises
# A replica, a disk or a memory that is full, a server that reads its data back, a cluster in pieces. Before version 7
# what a script met stands in the middle of the error.
UNFIT = re.compile(r"(?:^|: -)(?:READONLY|MISCONF|OOM|LOADING|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|BUSY) ")

log = logging.getLogger(__name__)


class UnfitError(RedisConnectionError):
    """The server answers, and says that it cannot serve anybody: it is as good as away."""


def is_unfit(error: ResponseError) -> bool:
    """Whether the state of the server is at fault, and not what it was asked."""
    return bool(UNFIT.search(f"{error.status_code} {error}" if error.status_code else str(error)))


class Breaker:
    """Of one server. `vouch` sees to it that a new connection leads to nothing old; `probe` raises while the server
    is away; `catch_up` makes it fit to be read from. They are set by who knows how (`scaling.apps`)."""

    vouch: Callable[[Connection], object]
    probe: Callable[[], object]
    catch_up: Callable[[], object]

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_open = False
        self.run = b""  # the run id of the server that was vouched for; after a failure nobody knows which it is
        self._lock = threading.Lock()
        self._prober: int | None = None

    def check(self) -> None:
        """Raise at once while the server is known to be away, for everybody but who asks whether it is back."""
        if self.is_open and threading.get_ident() != self._prober:
            raise RedisConnectionError(f"The server `{self.name}` is away.")

    def note_failure(self) -> None:
        """The server has failed somebody. From now on it is asked by one thread alone."""
        with self._lock:
            if self.is_open:
                return
            self.is_open, self.run = True, b""
        log.warning("The server `%s` is away", self.name)
        threading.Thread(target=self._wait, name=f"breaker-{self.name}", daemon=True).start()

    def _wait(self) -> None:
        """Until it answers and has been caught up with."""
        self._prober = threading.get_ident()
        pause = threading.Event()
        while not self._is_back():
            pause.wait(PROBE_SECONDS)
        self._prober = None
        self.is_open = False
        log.warning("The server `%s` is back", self.name)

    def _is_back(self) -> bool:
        try:
            self.probe()
            self.catch_up()
        except RedisError:
            return False
        return True


CACHE = Breaker("cache")
os.register_at_fork(after_in_child=lambda: CACHE.__init__("cache"))  # type: ignore[misc]  # a fork copies no threads
