"""Which releases have run: where a rollback goes, what is kept for it, and which names are taken."""

import os
import time

import pytest

from cluster import history
from cluster.errors import ClusterError
from cluster.hosts import Host
from cluster.places import point
from cluster.rolling import Crew, Roll


@pytest.fixture
def lay(where):
    def _lay(*names, days=0.0):
        for name in names:
            folder = where.releases / name
            folder.mkdir()
            old = time.time() - days * 24 * 3600
            os.utime(folder, (old, old))

    return _lay


@pytest.fixture
def run(where, lay):
    """Deploy these, one after the other."""

    def _run(*names):
        for name in names:
            if where.current.is_symlink():
                history.note(where, name)
            point(where.current, where.releases / name)

    return _run


def test_a_cluster_that_was_never_started_says_so(where):
    with pytest.raises(ClusterError, match=r"Nothing runs in .*: make cluster starts it"):
        history.current(where)


def test_the_one_before_is_the_one_that_ran_before(where, run):
    run("r1", "r2", "r3")
    assert (history.current(where), history.before(where)) == ("r3", "r2")
    assert history.deployed(where) == ["r1", "r2", "r3"]


@pytest.mark.parametrize("names", [["r1"], ["r1", "r2", "r1"]])
def test_there_is_nothing_before_the_first(where, run, names):
    run(*names)
    with pytest.raises(ClusterError, match="Release r1 is the first that is known here"):
        history.before(where)


def test_two_rollbacks_go_back_twice(where, run):
    run("r1", "r2", "r3")
    run(history.before(where))
    assert history.current(where) == "r2"
    run(history.before(where))
    assert history.current(where) == "r1"


def test_nobody_goes_back_to_a_release_that_was_given_up(where, run):
    run("r1", "r2", "r1", "r3")
    assert history.deployed(where) == ["r1", "r3"]
    assert history.before(where) == "r1"


def test_one_that_was_given_up_may_be_gone_on_to_by_its_name(where, run):
    run("r1", "r2", "r1", "r2")
    assert history.before(where) == "r1"


def a_roll(where, release, now):
    crew = Crew(Host(str(where.folder)), current=now, clones=[], workers=[], releases=[now], used=[now])
    return Roll([crew], release, print)


@pytest.mark.parametrize("names", [["r1"], ["r0", "r1"]])
def test_where_a_move_began_is_known_until_all_have_arrived(where, run, names):
    run(*names)
    assert history.left(where) == ""
    a_roll(where, "r2", "r1").set_out()
    run("r2")
    assert history.left(where) == "r1"
    a_roll(where, "r2", "r2").arrive()
    assert history.left(where) == ""


def test_who_goes_back_from_a_rollback_that_failed_has_the_history_of_before(where, run):
    run("r1", "r2", "r3")
    a_roll(where, "r1", "r3").set_out()
    run("r1", "r3")
    assert history.deployed(where) == ["r1", "r2", "r3"]
    assert history.before(where) == "r2"


def test_old_releases_go_but_for_the_last_ones_and_those_that_run(where, lay, run):
    lay("r1", "r2", "r3", "r4", "given-up", "in-a-slot", ".cut-off.new", days=2)
    lay("young")
    run("r1", "r2", "r3", "r4")
    point(where.slot("web1", 0), where.releases / "in-a-slot")
    assert set(history.prune(where, keep=2)) == {"r1", "r2", "given-up", ".cut-off.new"}
    assert {folder.name for folder in where.releases.iterdir()} == {"r3", "r4", "in-a-slot", "young"}


def test_the_current_one_is_kept_whatever_is_deployed(where, lay, run):
    lay("r1", "r2", days=2)
    run("r1", "r2")
    point(where.current, where.releases / "r1")
    assert history.prune(where, keep=1) == []


def test_packages_go_with_the_last_release_that_needs_them(where, lay, run):
    lay("r1", "r2", days=2)
    run("r1", "r2")
    for release, venv in (("r1", "old"), ("r2", "new")):
        (where.venvs / venv).mkdir()
        (where.releases / release / ".venv").symlink_to(where.venvs / venv)
        for path in (where.venvs / venv, where.releases / release):
            os.utime(path, (0, 0))
    (where.venvs / "young").mkdir()
    history.prune(where, keep=1)
    assert {venv.name for venv in where.venvs.iterdir()} == {"new", "young"}


def test_a_name_is_taken_once_anything_has_run_under_it(where, lay, run):
    lay("never", "begun", "old")
    (where.releases / "begun" / history.BEGUN).touch()
    run("r1", "r2")
    point(where.slot("web1", 0), where.releases / "in-a-slot")
    assert history.used(where) == ["begun", "in-a-slot", "r1", "r2"]
