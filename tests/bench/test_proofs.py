"""What `make prove` shows of the cached objects at full size, in small: real workers, relays and kills."""

import pytest

from bench.proofs import kills, stampede, two_releases

SMALL = {
    "kills": lambda: kills.prove(trials=3),
    "stampede": lambda: stampede.prove(readers=40, processes=2, times=1),
    "two releases": lambda: two_releases.prove(writes=80, seconds=3.0),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_proved_at_full_size_holds_in_small(name):
    """But for times: they are another matter on a machine that runs tests."""
    figures = SMALL[name]()
    assert figures
    assert [figure for figure in figures if not figure.holds and not figure.bound.endswith(" s")] == []
