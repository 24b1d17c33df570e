"""What `make prove` shows of the cached objects at full size, in small: real workers, relays and kills."""

import pytest

from bench.proofs import jobs, kills, queues, same_cakes, stampede, two_releases

SMALL = {
    "kills": lambda: kills.prove(trials=3),
    "stampede": lambda: stampede.prove(readers=40, processes=2, times=1),
    "two releases": lambda: two_releases.prove(writes=80, seconds=3.0),
    "jobs": lambda: jobs.prove(light=20, cakes=2, seconds=0.3),
    "queues": lambda: queues.prove(waiting=200, seconds=1.0),
    "same cakes": lambda: same_cakes.prove(people=12, seconds=0.05),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_proved_at_full_size_holds_in_small(name):
    """But for times: they are another matter on a machine that runs tests."""
    figures = SMALL[name]()
    assert figures
    assert [figure for figure in figures if not figure.holds and not figure.is_timed] == []
