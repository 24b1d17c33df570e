"""Time as versions and due moments count it: whole microseconds since 1970, easy to add and to compare."""

import time
from datetime import UTC, datetime

SECOND = 1_000_000  # microseconds


def now_us() -> int:
    """Microseconds since 1970: the unit of every version and of every due time."""
    return time.time_ns() // 1000


def moment_of(microseconds: int) -> datetime:
    """The same as a moment, in UTC."""
    return datetime.fromtimestamp(microseconds / SECOND, tz=UTC)


def microseconds_of(moment: datetime) -> int:
    """And back."""
    return round(moment.timestamp() * SECOND)
