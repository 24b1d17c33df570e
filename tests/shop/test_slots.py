"""Slots stand ready 30 days ahead, by the clock on the shop's wall."""

import datetime
import itertools
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from shop.models import Slot
from shop.slots import cut_off, first_day, first_moment, open_slots, pickup_days, quarters
from shop.tasks import open_slots as open_slots_task

from .people import a_slot

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime.date(2026, 11, 23)


def at(*parts):
    return datetime.datetime(*parts, tzinfo=LONDON)


@pytest.fixture
def now_is(monkeypatch):
    return lambda *parts: monkeypatch.setattr(timezone, "now", lambda: at(*parts).astimezone(datetime.UTC))


def hours(day):
    starts = quarters(day)
    return (f"{starts[0]:%H:%M}", f"{starts[-1]:%H:%M}", len(starts)) if starts else None


def test_slots_fill_the_opening_hours():
    week = [hours(MONDAY + datetime.timedelta(days=n)) for n in range(7)]
    weekday = ("07:00", "17:45", 44)
    assert week == [None, weekday, weekday, weekday, weekday, ("07:00", "15:45", 36), ("08:00", "12:45", 20)]


@pytest.mark.parametrize("sunday", [datetime.date(2026, 3, 29), datetime.date(2026, 10, 25)])
def test_the_night_the_clock_is_changed_moves_no_slot_on_the_wall(sunday):
    before, after = (quarters(day)[0] for day in (sunday - datetime.timedelta(days=1), sunday))
    assert hours(sunday) == ("08:00", "12:45", 20)
    assert before.utcoffset() != after.utcoffset()
    starts = [start.astimezone(datetime.UTC) for start in quarters(sunday)]
    assert {b - a for a, b in itertools.pairwise(starts)} == {datetime.timedelta(minutes=15)}


@pytest.mark.django_db
def test_opening_slots_twice_is_opening_them_once():
    open_slots()
    first = list(Slot.objects.values_list("pk", "starts_at"))
    open_slots_task()
    assert list(Slot.objects.values_list("pk", "starts_at")) == first
    days = {timezone.localdate(start) for _, start in first}
    assert timezone.localdate() not in days
    assert max(days) >= timezone.localdate() + datetime.timedelta(days=29)


@pytest.mark.django_db
def test_a_new_day_leaves_what_was_taken_alone():
    slot = a_slot(taken=3)
    open_slots()
    assert Slot.objects.get(pk=slot.pk).taken == 3


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (at(2026, 11, 24, 0, 0), 25),
        (at(2026, 11, 24, 17, 59, 59), 25),
        (at(2026, 11, 24, 18, 0), 26),
        (at(2026, 11, 24, 23, 59), 26),
    ],
)
def test_tomorrow_can_be_ordered_for_until_six_in_the_evening(now, day):
    assert first_day(now) == datetime.date(2026, 11, day)


def test_six_in_the_evening_is_that_of_the_wall_in_summer_too():
    assert first_day(datetime.datetime(2026, 7, 1, 16, 59, tzinfo=datetime.UTC)).day == 2
    assert first_day(datetime.datetime(2026, 7, 1, 17, 0, tzinfo=datetime.UTC)).day == 3


def test_the_cut_off_and_the_first_moment_agree():
    slot = Slot(starts_at=at(2026, 10, 25, 8, 0))
    end = cut_off(slot)
    assert end == at(2026, 10, 24, 18, 0)
    assert first_moment(end - datetime.timedelta(seconds=1)) <= slot.starts_at < first_moment(end)


@pytest.mark.django_db
def test_the_form_shows_days_with_their_places(now_is):
    now_is(2026, 11, 20, 12)
    open_slots()
    Slot.objects.filter(starts_at=at(2026, 11, 21, 7)).update(taken=8)
    days = pickup_days(4)
    assert [(day["weekday"], day["hint"], day["is_open"], len(day["slots"])) for day in days] == [
        ("Sat", "until 16:00", True, 36),
        ("Sun", "until 13:00", True, 20),
        ("Mon", "closed", False, 0),
        ("Tue", "all day", True, 44),
    ]
    first = days[0]["slots"][0]
    assert (first["from"], first["to"], first["left"]) == ("7:00", "7:15", 0)


@pytest.mark.django_db
def test_the_form_asks_once_for_all_days(django_assert_num_queries):
    open_slots()
    with django_assert_num_queries(1):
        pickup_days()
