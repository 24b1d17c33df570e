"""How the shop writes prices, days, times and texts."""

from datetime import UTC, datetime, time

import pytest

from shop.wording import clock, date_time, day, euro, first_sentence, grouped, long_date, prose, steps, to_go


@pytest.mark.parametrize(
    ("cents", "words"), [(520, "€5.20"), (5, "€0.05"), (-130, "−€1.30"), (123456, "€1,234.56"), (0, "€0.00")]
)
def test_prices(cents, words):
    assert euro(cents) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, ""),
        (1, "About 1 second to go."),
        (90, "About 90 seconds to go."),
        (91, "About 2 minutes to go."),
        (284, "About 5 minutes to go."),
    ],
)
def test_what_is_left_is_said_in_minutes_when_it_is_long(seconds, words):
    assert to_go(seconds) == words


def test_days_and_times_are_those_of_the_bakery():
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert day(summer) == day(summer.isoformat()) == "Thursday 2 July"
    assert day("2026-11-24") == "Tuesday 24 November"
    assert long_date("2026-11-24") == "24 November 2026"
    assert clock("06:50") == clock(time(6, 50)) == "6:50"
    assert date_time(summer) == "Thursday 2 July, 0:30"


def test_long_counts_are_read_in_thousands():
    assert [grouped(number) for number in (7, 999, 2500, 1_000_000)] == ["7", "999", "2,500", "1,000,000"]


def test_texts_of_bakers():
    assert prose("One **wheat** & <b>.\n\nTwo ** stars.") == (
        "<p>One <strong>wheat</strong> &amp; &lt;b&gt;.</p><p>Two ** stars.</p>"
    )
    assert steps("Day 1: Whole.\n\n- Toast, thick.") == (("Day 1", "Whole."), ("", "Toast, thick."))
    assert first_sentence("Fourteen loaves. All dark.") == "Fourteen loaves"
