"""A store of documents that is away: who finds out spares the others the wait, and one asks again each second."""

import logging
import threading
import time

from ..store_names import AwayError

ASK_AGAIN_SECONDS = 1.0
ANSWERED_WITHIN_SECONDS = 5.0  # longer than any time-out: then whoever asked has died

log = logging.getLogger(__name__)


class Outage:
    """Of one store, in this process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._is_away = False
        self._asked_next_at = 0.0

    def check(self) -> None:
        """Raise at once while it is known to be away, for all but one a second."""
        if not self._is_away:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._asked_next_at:
                raise AwayError(f"The store of documents `{self.name}` is away.")
            self._asked_next_at = now + ANSWERED_WITHIN_SECONDS

    def begin(self, why: Exception) -> None:
        with self._lock:
            self._asked_next_at = time.monotonic() + ASK_AGAIN_SECONDS
            was_away, self._is_away = self._is_away, True
        if not was_away:
            log.warning("The store of documents `%s` is away: %s", self.name, why)

    def end(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("The store of documents `%s` is back", self.name)


_outages: dict[str, Outage] = {}


def outage_of(alias: str) -> Outage:
    return _outages.setdefault(alias, Outage(alias))
