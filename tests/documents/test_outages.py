"""A store that is away costs one visitor a second's wait, and not all of them."""

import pytest

from products.documents import outages
from products.documents.outages import AwayError, Outage


@pytest.fixture
def clock(monkeypatch):
    """What time it is: set it by adding to its only element."""
    now = [1_000.0]
    monkeypatch.setattr(outages.time, "monotonic", lambda: now[0])
    return now


def test_while_it_answers_everybody_asks(clock):
    outage = Outage("documents")
    outage.check()
    outage.check()


def test_once_it_has_failed_nobody_asks_for_a_second_and_then_one_does(clock):
    outage = Outage("documents")
    outage.begin(OSError())
    with pytest.raises(AwayError):
        outage.check()
    clock[0] += outages.ASK_AGAIN_SECONDS
    outage.check()
    with pytest.raises(AwayError):
        outage.check()


def test_whoever_asked_and_never_told_is_followed_by_another(clock):
    outage = Outage("documents")
    outage.begin(OSError())
    clock[0] += outages.ASK_AGAIN_SECONDS
    outage.check()
    clock[0] += outages.ANSWERED_WITHIN_SECONDS
    outage.check()


def test_an_answer_ends_it(clock):
    outage = Outage("documents")
    outage.begin(OSError())
    outage.end()
    outage.check()


def test_of_many_who_are_refused_one_a_minute_tells_the_log(clock, caplog):
    outage = Outage("elsewhere")
    for _ in range(3):
        assert str(outage.refusal(OSError("no rights"))) == "elsewhere refused: no rights"
    assert len(caplog.messages) == 1
    clock[0] += outages.REFUSALS_TOLD_SECONDS
    outage.refusal(OSError("no rights"))
    assert len(caplog.messages) == 2
    outage.check()
