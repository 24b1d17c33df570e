"""Whoever stops a deploy is told what becomes of it, and promised no more."""

import signal

import pytest

from cluster.errors import ClusterError
from cluster.interrupting import SIGNALS, Interrupt


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_heeded_between_two_steps_and_nobody_is_told_that_all_is_undone(capfd, number):
    stop = Interrupt()
    with stop.noted():
        signal.raise_signal(number)
    told = capfd.readouterr().err
    assert told == f"{number.name} is heard: what is under way is finished first, and the last line tells the rest.\n"
    with pytest.raises(ClusterError, match=f"It was stopped by {number.name}."):
        stop.heed()
