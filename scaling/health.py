"""Whether a replica may be read from: what is known of each server, and when it goes out and comes back.

Nothing here asks anybody: `scaling.monitor` does, and tells. Times are seconds of a clock that only goes forward.
"""

from collections import deque
from dataclasses import dataclass, field

from .positions import Position, Replication, covers

SILENT_SECONDS = 1.0  # no answer for so long, and a server is down
GONE_SECONDS = 3.0  # out for so long, and every process has noticed
NOTICED_SECONDS = 2.0  # answering for so long, and every process has noticed
HISTORY = 5_000  # positions of the primary that lag is told from
NEVER = float("-inf")


@dataclass(slots=True)
class Primary:
    """What is known of the primary, and since when it has held what."""

    position: Position = field(default_factory=dict)
    answered_at: float = NEVER
    trouble: str = ""
    history: deque[tuple[float, Position]] = field(default_factory=lambda: deque(maxlen=HISTORY))

    def note(self, position: Position, now: float) -> None:
        if position != self.position:
            self.history.append((now, position))
        self.position, self.answered_at, self.trouble = position, now, ""

    def is_down(self, now: float) -> bool:
        """It has said so, or has stopped answering."""
        return bool(self.trouble) or (self.answered_at != NEVER and now - self.answered_at > SILENT_SECONDS)

    def seconds_behind(self, position: Position, now: float) -> float:
        """How long ago the primary came to hold what `position` lacks; 0 when it lacks nothing."""
        if covers(position, self.position):
            return 0.0
        return next((now - at for at, held in self.history if not covers(position, held)), 0.0)


@dataclass(slots=True)
class Replica:
    """What is known of one replica. It begins outside, and comes in when it has reached the primary's position.

    Whoever wrote is bound to replicas that have reached the write until all have, except those that everybody has
    given up. So one that comes back waits until everybody counts it again, and then for where the primary is by then.
    """

    alias: str
    lag_limit: float
    known_since: float
    position: Position = field(default_factory=dict)
    lag: float = 0.0
    answered_at: float = NEVER
    is_replica: bool = True
    is_in: bool = False
    why: str = "has not answered yet"
    out_since: float = NEVER
    well_since: float | None = None
    must_reach: Position | None = None

    def note(self, replication: Replication, primary: Primary, now: float) -> None:
        """It has answered."""
        was_silent = self.is_in and now - self.answered_at > SILENT_SECONDS
        if was_silent:
            self.leave(f"did not answer for {now - self.answered_at:.1f} s", self.answered_at + SILENT_SECONDS)
        self.position, self.answered_at, self.is_replica = replication.position, now, replication.is_replica
        self.lag = primary.seconds_behind(self.position, now)
        if replication.trouble:
            self.leave(replication.trouble, now)
        elif self.lag > self.lag_limit:
            self.leave(f"is {self.lag:.0f} s behind, the limit is {self.lag_limit:g} s", now)
        elif not self.is_in:
            self._come_back(primary, now)

    def leave(self, why: str, now: float) -> None:
        if self.is_in or self.out_since == NEVER:
            self.out_since = now
        self.is_in, self.why, self.well_since, self.must_reach = False, why, None, None

    def _come_back(self, primary: Primary, now: float) -> None:
        if self.well_since is None:
            was_given_up = self.out_since != NEVER and now - self.out_since > NOTICED_SECONDS
            self.well_since = now + (NOTICED_SECONDS if was_given_up else 0)
        is_known = primary.answered_at >= self.well_since or primary.is_down(now)
        if self.must_reach is None and now >= self.well_since and is_known:
            self.must_reach = primary.position
        if self.must_reach is not None and covers(self.position, self.must_reach):
            self.is_in, self.why = True, ""

    def is_silent(self, now: float) -> bool:
        return now - self.answered_at > SILENT_SECONDS

    def is_in_service(self, now: float) -> bool:
        return self.is_in and not self.is_silent(now)

    def is_gone(self, now: float) -> bool:
        """Nobody reads from it and nobody is about to: a causal token need not wait for it."""
        if self.is_silent(now):
            return now - max(self.answered_at, self.out_since, self.known_since) > GONE_SECONDS
        is_hopeless = self.well_since is None and (self.lag <= self.lag_limit or self.lag > 2 * self.lag_limit)
        return not self.is_in and is_hopeless and now - self.out_since > GONE_SECONDS

    def said(self, now: float) -> str:
        """Why it is out, in words; empty when it is in service."""
        if self.is_in_service(now):
            return ""
        if self.is_in:
            return f"does not answer for {now - self.answered_at:.1f} s"
        if self.well_since is not None and self.out_since == NEVER:
            return "is looked at for the first time"
        if self.well_since is not None:
            return "is coming back: it has to reach where the primary is"
        return self.why
