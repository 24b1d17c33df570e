"""A store of documents that is away: who finds out spares the others the wait, and one asks again each second.

One that answers, if only to refuse, is not away. Whoever is refused is told, and so is the log, but not each time.
"""

import logging
import re
import threading
import time

from ..store_names import AwayError, known

ASK_AGAIN_SECONDS = 1.0
ANSWERED_WITHIN_SECONDS = 5.0  # longer than any time-out: then whoever asked has died
REFUSALS_TOLD_SECONDS = 60.0  # one in so many is logged
LONGEST = 200
# What the driver adds to a reason: its settings, all servers once more, and the answer as it came
ADDED = re.compile(
    r"\s*\(configured timeouts:[^)]*\)|, Timeout: .*|(?<!batch op errors occurred), full error: .*", re.S
)

log = logging.getLogger(__name__)


class Outage:
    """Of one store, in this process."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._lock = threading.Lock()
        self._is_away = False
        self._asked_next_at = 0.0
        self._refusal_told_next_at = 0.0

    @property
    def name(self) -> str:
        """Where it is."""
        return next((name for name, alias in known().items() if alias == self.alias), self.alias)

    def check(self) -> None:
        """Raise at once while it is known to be away, for all but one a second."""
        if not self._is_away:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._asked_next_at:
                raise AwayError(f"{self.name} is away.")
            self._asked_next_at = now + ANSWERED_WITHIN_SECONDS

    def begin(self, why: BaseException) -> AwayError:
        """It did not answer. Answers what to raise."""
        told = AwayError(f"{self.name} does not answer: {brief(why)}")
        with self._lock:
            self._asked_next_at = time.monotonic() + ASK_AGAIN_SECONDS
            was_away, self._is_away = self._is_away, True
        if not was_away:
            log.warning("%s", told)
        return told

    def refusal(self, why: BaseException) -> AwayError:
        """What to raise for an answer that is none."""
        told = AwayError(f"{self.name} refused: {brief(why)}")
        with self._lock:
            now = time.monotonic()
            is_due = now >= self._refusal_told_next_at
            if is_due:
                self._refusal_told_next_at = now + REFUSALS_TOLD_SECONDS
        if is_due:
            log.warning("%s", told)
        return told

    def end(self) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("%s answers again", self.name)


def brief(why: BaseException) -> str:
    """An error of the driver in one short line."""
    return " ".join(ADDED.sub("", str(why)).split())[:LONGEST] or type(why).__name__


_outages: dict[str, Outage] = {}


def outage_of(alias: str) -> Outage:
    return _outages.setdefault(alias, Outage(alias))
