"""What `make prove` shows of a rebuild and of a move, in small: a real MongoDB, a kill, a crowd."""

import pytest

from bench.mongo import missing
from bench.proofs import moving, rebuild
from tests.servers import lacking

SMALL = {
    "rebuild": lambda: rebuild.prove(products=400, servers=None),
    "moving": lambda: moving.prove(products=60, seconds=1.0, servers=None),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_proved_of_documents_holds_in_small(name):
    """But for times, as of the other proofs."""
    if reason := missing():
        lacking(reason)
    figures = SMALL[name]()
    assert figures
    assert [figure for figure in figures if not figure.holds and not figure.is_timed] == []
