"""Cache, when it is away: who finds out tells the others of its process, and nobody waits for it any more.

A server that is silent costs every reader a time-out, and with all threads waiting the shop stands still. So the
first failure opens the breaker: commands fail at once, and a thread asks four times a second whether the server is
back. Before it is used again it is caught up with: what was changed while it could not be told must not be read from
it.
"""

import logging
import os
import threading
from collections.abc import Callable

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

PROBE_SECONDS = 0.25
LOST = (RedisConnectionError, RedisTimeoutError)  # what a server that is away raises

log = logging.getLogger(__name__)


class Breaker:
    """Of one server. `probe` raises while it is away; `catch_up` makes it fit to be read from. Both are set by who
    knows how (`scaling.apps`)."""

    probe: Callable[[], object]
    catch_up: Callable[[], object]

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_open = False
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
            self.is_open = True
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
