"""Time zones for a MariaDB that was made without any: Django lets it say on which local day a moment lies."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2037, 12, 31, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def zone_statements(names: set[str]) -> Iterator[str]:
    """What puts these zones into the tables of an empty server."""
    for number, name in enumerate(sorted(names), start=1):
        zone = ZoneInfo(name)
        changes = list(transitions(zone))
        kinds = {kind(moment, zone): None for moment in [FIRST, *changes]}
        order = list(kinds)
        yield f"INSERT INTO mysql.time_zone (Time_zone_id, Use_leap_seconds) VALUES ({number}, 'N')"
        yield f"INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('{name}', {number})"
        for place, (seconds, is_dst, letters) in enumerate(order):
            row = f"{number}, {place}, {seconds}, {is_dst}, '{letters}'"
            yield f"INSERT INTO mysql.time_zone_transition_type VALUES ({row})"
        for moment in changes:
            row = f"{number}, {int(moment.timestamp())}, {order.index(kind(moment, zone))}"
            yield f"INSERT INTO mysql.time_zone_transition VALUES ({row})"


def transitions(zone: ZoneInfo) -> Iterator[datetime]:
    """The moments at which the clocks of a zone are put forward or back."""
    day = FIRST
    while day < LAST:
        if kind(day, zone) != kind(day + DAY, zone):
            yield _first_of_the_new(day, day + DAY, zone)
        day += DAY


def kind(moment: datetime, zone: ZoneInfo) -> tuple[int, int, str]:
    """Seconds from UTC, whether it is summer time, and the letters of the zone at a moment."""
    local = moment.astimezone(zone)
    return int(local.utcoffset().total_seconds()), int(bool(local.dst())), local.tzname()


def _first_of_the_new(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = kind(before, zone)
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        before, after = (middle, after) if kind(middle, zone) == old else (before, middle)
    return after
