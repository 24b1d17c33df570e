"""When orders are collected: quarter hours of the opening times, in rows that exist 30 days ahead.

Times are those of the clock on the shop's wall, also over the nights when it is put forward or back.
"""

import datetime

from django.utils import timezone

from .models import Slot
from .wording import WEEKDAYS, clock

# Monday is 0. From the first hour to before the last.
OPENING_HOURS = {1: (7, 18), 2: (7, 18), 3: (7, 18), 4: (7, 18), 5: (7, 16), 6: (8, 13)}
QUARTER = datetime.timedelta(minutes=15)
CUT_OFF = datetime.time(18)
DAYS_AHEAD = 30
DAYS_SHOWN = 14


def open_slots(days: int = DAYS_AHEAD) -> None:
    """Have a row for every quarter hour of the coming `days`. Run again, it adds only what is missing."""
    today = timezone.localdate()
    coming = (today + datetime.timedelta(days=n) for n in range(1, days + 1))
    rows = [Slot(starts_at=start) for day in coming for start in quarters(day)]
    Slot.objects.bulk_create(rows, ignore_conflicts=True, batch_size=400)


def quarters(day: datetime.date) -> list[datetime.datetime]:
    """The starts of that day's slots, none on a day when the shop is closed."""
    if day.weekday() not in OPENING_HOURS:
        return []
    opens, closes = (_at(day, datetime.time(hour)) for hour in OPENING_HOURS[day.weekday()])
    return [opens + n * QUARTER for n in range((closes - opens) // QUARTER)]


def first_day(moment: datetime.datetime | None = None) -> datetime.date:
    """The first day that can be ordered for: tomorrow until 18:00, then the day after."""
    now = timezone.localtime(moment)
    return now.date() + datetime.timedelta(days=1 if now.time() < CUT_OFF else 2)


def first_moment(moment: datetime.datetime | None = None, *, cakes: int = 0) -> datetime.datetime:
    """Where that day begins: a slot that starts before it can be neither ordered nor cancelled any more."""
    return _at(first_cake_day(moment) if cakes else first_day(moment), datetime.time())


def first_cake_day(moment: datetime.datetime | None = None) -> datetime.date:
    """The same for a cake that is made to order, which takes a day longer: the day after tomorrow until 18:00."""
    return first_day(moment) + datetime.timedelta(days=1)


def ready_from(moment: datetime.datetime | None = None) -> datetime.date:
    """The first day on which such a cake can be collected: one on which the shop is open."""
    first = first_cake_day(moment)
    return next(day for n in range(7) if quarters(day := first + datetime.timedelta(days=n)))


def cut_off(slot: Slot) -> datetime.datetime:
    """Until then an order for this slot can be placed and cancelled: 18:00 of the day before."""
    return _at(timezone.localdate(slot.starts_at) - datetime.timedelta(days=1), CUT_OFF)


def day_range(day: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    """From the midnight before to the midnight after, on the wall's clock."""
    return _at(day, datetime.time()), _at(day + datetime.timedelta(days=1), datetime.time())


def pickup_days(count: int = DAYS_SHOWN, *, cakes: int = 0) -> list[dict]:
    """The next `count` days for the form: date, weekday, hint, is_open, and slots with how many places are left. With
    `cakes` there is a place only where so many of them can be collected."""
    first = first_cake_day() if cakes else first_day()
    days = [first + datetime.timedelta(days=n) for n in range(count)]
    rows = Slot.objects.filter(starts_at__range=(day_range(first)[0], day_range(days[-1])[1]))
    by_day: dict[datetime.date, list[Slot]] = {}
    for slot in rows:
        by_day.setdefault(timezone.localdate(slot.starts_at), []).append(slot)
    return [_pickup_day(day, by_day.get(day, []), cakes) for day in days]


def _pickup_day(day: datetime.date, rows: list[Slot], cakes: int) -> dict:
    slots = [slot_card(slot, cakes=cakes) for slot in rows]
    is_open = any(slot["left"] for slot in slots)
    return {
        "date": day,
        "weekday": WEEKDAYS[day.weekday()][:3],
        "hint": _hint(day, slots),
        "is_open": is_open,
        "slots": slots,
    }


def _hint(day: datetime.date, slots: list[dict]) -> str:
    if not slots:
        return "closed"
    if not any(slot["left"] for slot in slots):
        return "full"
    closes = OPENING_HOURS.get(day.weekday(), (7, 18))[1]
    return "all day" if closes == 18 else f"until {closes}:00"


def slot_card(slot: Slot, *, cakes: int = 0) -> dict:
    """A slot in short: id, day, from and to as on the clock, places left (for an order with so many cakes), and how
    long it can be changed."""
    has_room = slot.cakes_taken + cakes <= slot.cake_capacity if cakes else True
    return {
        "id": slot.pk,
        "starts_at": slot.starts_at,
        "day": timezone.localdate(slot.starts_at),
        "from": clock(slot.starts_at),
        "to": clock(slot.starts_at + QUARTER),
        "left": slot.capacity - slot.taken if has_room else 0,
        "cut_off": cut_off(slot),
    }


def _at(day: datetime.date, time: datetime.time) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, time))
