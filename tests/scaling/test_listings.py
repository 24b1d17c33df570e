"""Listings: moved by the script that stores an object, never taken for empty, rebuilt without losing a change."""

from dataclasses import replace

import pytest

from scaling.behind import behind
from scaling.cache import Built, CachedObject, fetch, registry
from scaling.listings import Listing, _add, _begin, _finish
from scaling.stores import cache
from scaling.xray import measured

from ..servers import PATIENCE_SECONDS


class Loaves(CachedObject):
    name = "loaf"
    form = "1"

    def __init__(self):
        super().__init__()
        self.prices = {}

    def assemble(self, ids):
        return {pk: self.built(pk) for pk in ids if pk in self.prices}

    def built(self, pk):
        version, price = self.prices[pk]
        return Built(version, {"id": pk}, {"id": pk, "price": price}, entries=[("l:loaves", price, f"n|{pk}")])


@pytest.fixture
def loaves():
    yield Loaves()
    registry.pop("loaf")


@pytest.fixture
def listing(loaves):
    def ranked():
        return sorted((price, pk) for pk, (_, price) in loaves.prices.items())

    return Listing(
        "l:loaves",
        loaves,
        rows=lambda: ((price, f"n|{pk}") for price, pk in ranked()),
        ids=lambda first, last: (len(ranked()), [pk for _, pk in ranked()][first : last + 1]),
    )


def prices(listing, first=0, last=9):
    part = fetch(listing.slice(first, last))[0]
    assert behind.wait(PATIENCE_SECONDS)
    return part.total, [card["price"] for card in part.cards]


def test_a_page_with_its_cards_costs_one_round_trip_at_any_depth(loaves, listing):
    loaves.prices = {pk: (1, pk) for pk in range(1, 101)}
    prices(listing)
    prices(listing, 90, 99)
    with measured() as cost:
        assert prices(listing, 90, 99) == (100, list(range(91, 101)))
    assert cost.trips == {"cache": 1}


def test_storing_an_object_moves_it_in_the_listings_that_exist(loaves, listing):
    loaves.prices = {1: (1, 30), 2: (1, 20), 3: (1, 10)}
    loaves.refresh([1, 2, 3])
    assert prices(listing) == (3, [10, 20, 30])
    loaves.prices[3] = (2, 40)
    loaves.refresh([3])
    assert prices(listing) == (3, [20, 30, 40])
    del loaves.prices[2]
    loaves.refresh([2])
    assert prices(listing) == (2, [30, 40])


def test_an_evicted_listing_is_not_taken_for_an_empty_one(loaves, listing):
    loaves.prices = {1: (1, 30), 2: (1, 20)}
    assert prices(listing)[0] == 2
    cache().delete("l:loaves")
    loaves.prices[2] = (2, 40)
    loaves.refresh([2])
    assert prices(listing) == (2, [30, 40])


def test_an_empty_listing_is_known_to_be_empty_and_goes_by_itself(loaves, listing):
    assert prices(listing) == (0, [])
    assert prices(listing) == (0, [])
    assert cache().ttl("l:loaves") > 0


def test_a_change_in_the_middle_of_a_rebuild_is_not_lost(loaves, listing):
    loaves.prices = {1: (1, 30), 2: (1, 20)}
    _begin(cache(), ["l:loaves"], ["token", 60])
    old_rows = list(listing.rows())
    loaves.prices[2] = (2, 40)
    loaves.refresh([2])
    _add(cache(), ["l:loaves"], ["token", 60, *[part for row in old_rows for part in row]])
    assert _finish(cache(), ["l:loaves"], ["token"]) == 1
    assert prices(listing) == (2, [30, 40])


def test_what_is_deleted_in_the_middle_of_a_rebuild_stays_away(loaves, listing):
    loaves.prices = {1: (1, 30), 2: (1, 20)}
    loaves.refresh([1, 2])
    _begin(cache(), ["l:loaves"], ["token", 60])
    old_rows = list(listing.rows())
    del loaves.prices[2]
    loaves.refresh([2])
    _add(cache(), ["l:loaves"], ["token", 60, *[part for row in old_rows for part in row]])
    _finish(cache(), ["l:loaves"], ["token"])
    assert prices(listing) == (1, [30])


def test_of_two_rebuilds_the_later_one_counts(listing):
    _begin(cache(), ["l:loaves"], ["one", 60])
    _begin(cache(), ["l:loaves"], ["two", 60])
    assert _add(cache(), ["l:loaves"], ["one", 60, 1, "n|1"]) == 0
    assert _finish(cache(), ["l:loaves"], ["one"]) == 0
    assert _finish(cache(), ["l:loaves"], ["two"]) == 1


def test_a_rebuild_that_fails_holds_up_nobody(loaves, listing):
    loaves.prices = {1: (1, 30)}
    broken = replace(listing, rows=lambda: 1 / 0)
    assert prices(broken) == (1, [30])
    assert not cache().exists("l:loaves:lease")
    prices(listing)
    assert cache().exists("l:loaves")


def test_a_rebuild_leaves_the_lease_of_a_later_one(loaves, listing):
    def rows():
        cache().set("l:loaves:lease", "later")
        return []

    prices(replace(listing, rows=rows))
    assert cache().get("l:loaves:lease") == b"later"


def test_a_long_rebuild_renews_what_it_holds(loaves, listing, monkeypatch):
    monkeypatch.setattr("scaling.listings.CHUNK", 1)
    left = []

    def rows():
        for pk in (1, 2):
            for key in ("l:loaves:next", "l:loaves:lease"):
                left.append(cache().ttl(key))
                cache().expire(key, 5)
            yield pk, f"n|{pk}"

    prices(replace(listing, rows=rows))
    assert min(left) > 5


def test_a_reversed_listing_begins_at_the_other_end(loaves, listing):
    loaves.prices = {1: (1, 30), 2: (1, 20), 3: (1, 10)}
    prices(listing)
    reverse = Listing(listing.key, loaves, listing.rows, listing.ids, is_reversed=True)
    assert prices(reverse, 0, 1) == (3, [30, 20])
    assert prices(reverse, 2, 5) == (3, [10])
