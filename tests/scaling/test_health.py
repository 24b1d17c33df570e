"""A replica is read from while it answers and keeps up, and comes back only with what it missed."""

import pytest

from scaling import health
from scaling.health import GONE_SECONDS, HISTORY, NOTICED_SECONDS, SILENT_SECONDS, Primary, Replica
from scaling.positions import Replication

LIMIT = 10
COMING_BACK = "is coming back: it has to reach where the primary is"


def at(number):
    return {"0": number}


class Pair:
    """A primary and a replica, both asked at the same moment."""

    def __init__(self, lag_limit=LIMIT):
        self.primary, self.replica = Primary(), Replica("replica1", lag_limit, 0.0)

    def ask(self, now, primary, replica, trouble=""):
        self.primary.note(at(primary), now)
        self.replica.note(Replication(at(replica), trouble), self.primary, now)
        return self.replica


@pytest.fixture(autouse=True)
def as_in_the_shop(monkeypatch):
    monkeypatch.setattr(health, "SILENT_SECONDS", SILENT_SECONDS)


@pytest.fixture
def level():
    """Both are at 5 since second 100, and the replica is in service."""
    pair = Pair()
    assert pair.ask(100, 5, 5).is_in_service(100)
    return pair


def test_it_begins_outside():
    replica = Replica("replica1", LIMIT, 0.0)
    assert not replica.is_in_service(100)
    assert replica.said(100) == "has not answered yet"


def test_it_comes_in_when_it_has_reached_the_primary():
    pair = Pair()
    replica = pair.ask(100, 5, 4)
    assert not replica.is_in_service(100)
    assert replica.said(100) == "is looked at for the first time"
    pair.ask(100.25, 5, 5)
    assert replica.is_in_service(100.25)
    assert replica.said(100.25) == ""


def test_where_the_primary_was_before_is_not_enough():
    primary, replica = Primary(), Replica("replica1", LIMIT, 0.0)
    primary.note(at(5), 99.9)
    replica.note(Replication(at(5)), primary, 100)
    assert not replica.is_in
    primary.note(at(6), 100.2)
    replica.note(Replication(at(5)), primary, 100.3)
    assert not replica.is_in
    replica.note(Replication(at(6)), primary, 100.5)
    assert replica.is_in


@pytest.mark.parametrize("trouble", ["refused", ""])
def test_without_a_primary_the_last_that_is_known_of_it_is_enough(trouble):
    primary, replica = Primary(), Replica("replica1", LIMIT, 0.0)
    primary.note(at(5), 98)
    primary.trouble = trouble
    replica.note(Replication(at(4)), primary, 100)
    assert not replica.is_in
    replica.note(Replication(at(5)), primary, 100.25)
    assert replica.is_in


def test_a_primary_nobody_has_heard_of_is_waited_for():
    primary, replica = Primary(), Replica("replica1", LIMIT, 0.0)
    replica.note(Replication(at(5)), primary, 100)
    assert not replica.is_in


@pytest.mark.parametrize(("seconds", "is_in_service"), [(SILENT_SECONDS, True), (SILENT_SECONDS + 0.5, False)])
def test_who_is_silent_is_out_of_service(level, seconds, is_in_service):
    assert level.replica.is_in_service(100 + seconds) is is_in_service
    assert level.replica.said(100 + seconds) == ("" if is_in_service else "does not answer for 1.5 s")


def test_who_was_silent_has_to_catch_up_first(level):
    assert not level.ask(101.5, 6, 5).is_in
    assert level.replica.said(101.5) == COMING_BACK
    assert level.ask(101.75, 6, 6).is_in_service(101.75)


def test_who_answers_in_time_may_be_a_little_behind(level):
    assert level.ask(101, 6, 5).is_in_service(101)


def test_it_leaves_when_replication_has_stopped(level):
    level.ask(100.25, 5, 5, "Duplicate entry")
    assert not level.replica.is_in_service(100.25)
    assert level.replica.said(100.25) == "Duplicate entry"


@pytest.mark.parametrize(
    ("limit", "seconds", "said"),
    [
        (LIMIT, LIMIT, ""),
        (LIMIT, LIMIT + 2, "is 12 s behind, the limit is 10 s"),
        (2.5, 2.5, ""),
        (2.5, 4, "is 4 s behind, the limit is 2.5 s"),
    ],
)
def test_it_leaves_when_it_is_too_far_behind(limit, seconds, said):
    pair = Pair(limit)
    pair.ask(100, 5, 5)
    for half in range(int(2 * seconds) + 1):
        pair.ask(101 + half / 2, 6 + half, 5)
    now = 101 + seconds
    assert pair.replica.said(now) == said
    assert pair.replica.is_in_service(now) is not bool(said)


def test_what_is_written_meanwhile_does_not_keep_it_out(level):
    level.ask(100.25, 100, 5, "Duplicate entry")
    assert not level.ask(100.5, 110, 50).is_in
    assert not level.ask(100.75, 120, 109).is_in, "it has to reach 110"
    assert level.ask(101, 130, 110).is_in, "though the primary is at 130 by now"


def test_trouble_on_the_way_back_begins_anew(level):
    level.ask(100.25, 100, 5, "Duplicate entry")
    level.ask(100.5, 110, 50)
    assert level.ask(100.75, 120, 110, "Duplicate entry").said(100.75) == "Duplicate entry"
    assert not level.ask(101, 130, 110).is_in
    assert level.ask(101.25, 140, 130).is_in


def test_whom_everybody_had_given_up_waits_until_everybody_counts_it_again(level):
    level.ask(101, 5, 5, "Duplicate entry")
    well = 101 + NOTICED_SECONDS + 0.5
    assert not level.ask(well, 6, 6).is_in
    assert not level.ask(well + NOTICED_SECONDS - 0.1, 7, 7).is_in
    assert level.replica.said(well + NOTICED_SECONDS - 0.1) == COMING_BACK
    assert not level.ask(well + NOTICED_SECONDS, 8, 7).is_in, "where the primary is by then"
    assert level.ask(well + NOTICED_SECONDS + 0.25, 9, 8).is_in


def test_each_time_out_counts_from_its_own_beginning(level):
    level.ask(100.25, 5, 5, "Duplicate entry")
    assert level.ask(100.5, 5, 5).is_in
    for second in range(101, 110):
        level.ask(second, 5, 5)
    level.ask(109.5, 5, 5, "Duplicate entry")
    assert not level.replica.is_gone(109.5)
    assert level.ask(110, 6, 6).is_in


def test_who_was_out_for_a_moment_need_not_wait(level):
    level.ask(101, 5, 5, "Duplicate entry")
    assert level.ask(101 + NOTICED_SECONDS, 6, 6).is_in


@pytest.mark.parametrize(("seconds", "is_gone"), [(GONE_SECONDS, False), (GONE_SECONDS + 0.1, True)])
def test_who_is_silent_for_long_is_gone(level, seconds, is_gone):
    assert level.replica.is_gone(100 + seconds) is is_gone


def test_the_seconds_begin_when_it_was_last_in_service(level):
    level.replica.leave("refused", 100.75)
    assert not level.replica.is_gone(100.75 + GONE_SECONDS)
    level.replica.leave("refused again", 103)
    assert level.replica.is_gone(101 + GONE_SECONDS)
    assert level.replica.said(103) == "refused again"


@pytest.mark.parametrize(("seconds", "is_gone"), [(GONE_SECONDS, False), (GONE_SECONDS + 0.5, True)])
def test_whose_replication_has_stopped_for_long_is_gone(level, seconds, is_gone):
    level.ask(100.5, 5, 5, "Duplicate entry")
    level.ask(100.5 + seconds, 5, 5, "Duplicate entry")
    assert level.replica.is_gone(100.5 + seconds) is is_gone


@pytest.mark.parametrize(("lag", "is_gone"), [(LIMIT + 5, False), (2 * LIMIT, False), (2 * LIMIT + 1, True)])
def test_who_is_too_far_behind_is_gone_when_there_is_little_hope(level, lag, is_gone):
    for second in range(lag + 1):
        level.ask(101 + second, 6, 5)
    assert not level.replica.is_in
    assert level.replica.is_gone(101 + lag) is is_gone


def test_who_is_coming_back_is_not_gone(level):
    level.ask(101, 5, 5, "Duplicate entry")
    level.ask(110, 6, 5, "Duplicate entry")
    assert level.replica.is_gone(110)
    level.ask(110.25, 6, 5)
    assert not level.replica.is_gone(110.25)


def test_who_is_in_service_is_not_gone(level):
    for second in range(101, 110):
        assert not level.ask(second, 5, 5).is_gone(second)


def test_how_far_behind_is_told_from_when_the_primary_came_to_hold_what_is_missing():
    primary = Primary()
    for second in range(61):
        primary.note(at(second), 1000 + second)
    assert primary.seconds_behind(at(60), 1060) == 0
    assert primary.seconds_behind(at(30), 1060) == 29, "31 was there 29 seconds ago"
    assert primary.seconds_behind(at(29), 1060) == 30


def test_a_quiet_primary_leaves_nobody_behind():
    primary = Primary()
    primary.note(at(5), 1000)
    primary.note(at(5), 1500)
    assert primary.seconds_behind(at(5), 2000) == 0
    assert primary.seconds_behind(at(4), 1500) == 500, "not since it last said so"


def test_a_long_quiet_time_pushes_nothing_out_of_the_history():
    primary = Primary()
    for second in range(HISTORY + 1):
        primary.note(at(5), 1000 + second)
    assert primary.seconds_behind(at(4), 1000 + HISTORY) == HISTORY


@pytest.mark.parametrize("asked", [{"0": 5}, {"1": 7}])
def test_who_lacks_one_log_of_several_is_behind(asked):
    primary = Primary()
    primary.note({"0": 5, "1": 7}, 1000)
    assert primary.seconds_behind(asked, 1003) == 3


def test_a_primary_is_down_when_it_says_so_or_falls_silent():
    primary = Primary()
    assert not primary.is_down(100), "nothing is known yet"
    primary.note(at(5), 100)
    assert not primary.is_down(100 + SILENT_SECONDS)
    assert primary.is_down(100.1 + SILENT_SECONDS)
    primary.trouble = "refused"
    assert primary.is_down(100)
    primary.note(at(5), 100.25)
    assert not primary.is_down(100.25)


def test_who_was_silent_for_long_was_given_up_and_has_to_wait_for_everybody(level):
    assert level.replica.is_gone(110)
    assert not level.ask(110, 6, 6).is_in, "a token may have ended without it"
    assert not level.replica.is_gone(110.25)
    assert not level.ask(111.75, 7, 7).is_in
    level.ask(112.25, 8, 8)
    assert level.ask(112.5, 8, 8).is_in


def test_of_whom_nobody_has_heard_yet_nobody_says_that_it_is_gone():
    replica = Replica("replica1", LIMIT, 100.0)
    assert not replica.is_gone(102)
    assert replica.is_gone(104)
