"""What `make prove` shows of a whole cluster at full size, in small: real kills on one that runs for all of them."""

import pytest

from bench.cluster import opened_cluster
from bench.figure import Figure
from bench.proofs import clones, cluster_faults, joining
from bench.wandering import Proxied, Wandering
from cluster.errors import ClusterError
from cluster.needs import check_programs

from ..servers import lacking

SERVERS = ("proxy", "web1", "cache", "keep", "mariadb1", "interactive", "relay")
TRIPS = [
    clones.Trip(Wandering, is_new=True, killed_before="adding"),
    clones.Trip(Wandering, is_new=False, killed_before="ordering"),
    clones.Trip(Proxied, is_new=True, killed_before="the checkout"),
    clones.Trip(Proxied, is_new=False, killed_before="the order"),
]


@pytest.fixture
def shop():
    try:
        check_programs()
    except ClusterError as reason:
        lacking(str(reason))
    with opened_cluster(cluster_faults.SETTINGS) as cluster:
        yield cluster


def missed(figures: list[Figure]) -> list[Figure]:
    """But for times: they are another matter on a machine that runs tests."""
    assert figures
    return [figure for figure in figures if not figure.holds and not figure.is_timed]


def whoever_meets_another_clone_each_time_loses_nothing_when_one_is_killed(shop):
    assert missed(clones.prove_on(shop, TRIPS)) == []


def a_clone_joins_and_leaves_and_no_request_fails(shop):
    figures, shares = joining.measured(shop, pages=800, times=1)
    assert missed(figures) == []
    assert [len(each.answers) for each in shares] == [3, 4]


def servers_die_and_visitors_get_what_was_promised(shop):
    figures, faults = cluster_faults.proved(shop, SERVERS, seconds=1.0)
    assert missed(figures) == []
    assert [fault.server for fault in faults] == list(SERVERS)


def test_what_is_proved_of_a_cluster_at_full_size_holds_in_small(shop):
    """One test, so that of two that run side by side only one has this cluster."""
    whoever_meets_another_clone_each_time_loses_nothing_when_one_is_killed(shop)
    a_clone_joins_and_leaves_and_no_request_fails(shop)
    servers_die_and_visitors_get_what_was_promised(shop)
