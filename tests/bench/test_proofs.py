"""What `make prove` shows of objects, jobs and pages at full size, in small: real workers, relays and kills."""

import pytest

from bench.proofs import jobs, kills, pages, pages_kills, pages_torn, queues, same_cakes, stampede, two_releases
from shop.nginx import missing
from tests.servers import lacking

SMALL = {
    "kills": lambda: kills.prove(trials=3),
    "stampede": lambda: stampede.prove(readers=40, processes=2, times=1),
    "two releases": lambda: two_releases.prove(writes=80, seconds=3.0),
    "jobs": lambda: jobs.prove(light=20, cakes=2, seconds=0.3),
    "queues": lambda: queues.prove(waiting=200, seconds=1.0),
    "same cakes": lambda: same_cakes.prove(people=12, seconds=0.05),
    "pages": lambda: pages.prove(changes=3, others=1),
    "pages torn": lambda: pages_torn.prove(reads=4000, connections=20),
    "pages kills": lambda: pages_kills.prove(trials=2),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_proved_at_full_size_holds_in_small(name):
    """But for times: they are another matter on a machine that runs tests."""
    if name.startswith("pages") and (reason := missing()):
        lacking(reason)
    figures = SMALL[name]()
    assert figures
    assert [figure for figure in figures if not figure.holds and not figure.is_timed] == []
