"""What a start does, as far as it can be seen without one: see test_cluster.py for the real thing."""

import pytest

from cluster import starting
from cluster.starting import Start


@pytest.mark.parametrize(("former", "options"), [("", []), ("r1\n", ["--keep-triggers"])])
def test_a_start_in_the_middle_of_a_deploy_removes_no_triggers(where, monkeypatch, former, options):
    """The release that everybody goes back to needs its own."""
    where.former.write_text(former)
    asked = []
    monkeypatch.setattr(starting, "prepare", lambda release, told, *options: asked.extend(options))
    Start(where, {}, where.releases / "r2", None, lambda line: None).tables()
    assert asked == options
