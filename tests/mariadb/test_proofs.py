"""What `make prove` shows on MariaDB at full size, in small: real servers, real web processes, real faults."""

import pytest

from bench import sections
from bench.proofs import faults, interleavings, joins, own_writes, promotion, property, renamed, thirty_seconds
from shop.mariadb_data import missing

from ..servers import lacking

SMALL = {
    "own writes": lambda: own_writes.prove(pairs=160),
    "far behind": lambda: thirty_seconds.prove(look_for=1.0, delay=5),
    "faults": lambda: faults.prove(seconds=2.0, primary_away=3.0),
    "promotion": lambda: promotion.prove(seconds=2.0),
    "interleavings": lambda: interleavings.prove(times=3),
    "property": lambda: property.prove(rounds=1, writes=30),
    "renamed": lambda: renamed.prove(products=300, reviews=100, before=2.0),
    "joins": lambda: joins.prove(sizes=(60,), sample=20, rounds=20),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_proved_at_full_size_holds_in_small(name, monkeypatch, tmp_path):
    """But for times: they are another matter on a machine that runs tests."""
    monkeypatch.setattr(sections, "TABLE", tmp_path / "patterns.md")
    if reason := missing():
        lacking(reason)
    figures = SMALL[name]()
    assert figures
    assert [figure for figure in figures if not figure.holds and not figure.is_timed] == []
