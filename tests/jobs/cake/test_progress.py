"""Honest figures: they rise, they end at 100, and the time left is what was measured for as much work."""

import pytest

from jobs.cake.progress import DEVELOPING, OPENING, PASSES, SAMPLES, progress


def test_the_percentage_rises_to_100():
    percents = [progress(number, PASSES, since=0, seconds=10).percent for number in range(1, PASSES + 1)]
    assert percents == sorted(set(percents))
    assert percents[-1] == 100


def test_nothing_is_left_at_the_end():
    assert progress(PASSES, PASSES, since=0, seconds=70).seconds_left == 0


def test_the_time_left_is_what_was_measured():
    """A process that needs a second for a sample needs as many seconds as there are samples."""
    done = OPENING + SAMPLES[0] + DEVELOPING
    left = sum(SAMPLES[1:]) + DEVELOPING * (PASSES - 1)
    assert progress(1, PASSES, since=0, seconds=done).seconds_left == pytest.approx(left, abs=0.1)
    assert progress(1, PASSES, since=0, seconds=2 * done).seconds_left == pytest.approx(2 * left, abs=0.1)


def test_who_goes_on_counts_only_what_it_did_itself():
    """Half the work was somebody else's: at the same pace the same time is left."""
    alone = OPENING + sum(SAMPLES[:4]) + 4 * DEVELOPING
    after = OPENING + SAMPLES[3] + DEVELOPING
    first = progress(4, PASSES, since=0, seconds=alone)
    second = progress(4, PASSES, since=3, seconds=after)
    assert second.seconds_left == pytest.approx(first.seconds_left)
    assert second.percent == first.percent
