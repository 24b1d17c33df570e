"""Assemble the whole object once, store it whole; and never store what was read before a change."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from scaling import fence
from scaling.behind import behind
from scaling.cache import REFRESHES, Built, RefusedError, fetch
from scaling.fence import ABSENT_SECONDS, OVER
from scaling.kinds import registry
from scaling.replicas import unit_of_work
from scaling.stores import cache
from scaling.xray import measured

from ..servers import PATIENCE_SECONDS, wait_until
from .things import Things, store, take

PAST = 1  # a moment, in microseconds since 1970


def test_a_second_read_assembles_nothing_and_costs_one_round_trip(things):
    things.put(1, 10, "bread")
    assert things.get(1) == {"text": "bread"}
    things.assembled.clear()
    with measured() as cost:
        assert things.get(1)["text"] == "bread"
    assert things.assembled == []
    assert cost.trips == {"cache": 1}


def test_a_refresh_replaces_the_whole_object(things):
    things.put(1, 10, "bread")
    things.get(1)
    things.put(1, 11, "cake")
    things.refresh([1])
    assert things.get(1)["text"] == "cake"
    assert things.peek(1).version == 11


def test_the_same_version_may_be_stored_again(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    things.put(1, 10, "bread at another hour")
    things.refresh([1])
    assert things.get(1)["text"] == "bread at another hour"


def test_an_object_comes_with_the_cards_it_names_in_one_round_trip(things):
    things.put(1, 10, "bread", refs=[2, 3, 4])
    things.put(2, 10, "butter")
    things.put(3, 10, "jam")
    fetch(things.whole(1))
    with measured() as cost:
        (whole,) = fetch(things.whole(1))
    assert [card["text"] for card in whole.cards.values()] == ["butter", "jam"]
    assert cost.trips == {"cache": 1}


def test_get_many_builds_what_is_missing_in_one_batch(things):
    for pk in (1, 2, 3):
        things.put(pk, 10, str(pk))
    things.refresh([2])
    things.assembled.clear()
    assert [card["text"] for card in things.get_many([3, 2, 9, 1]).values()] == ["3", "2", "1"]
    assert things.assembled == [[3, 9, 1]]


def test_the_server_may_forget_the_scripts(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    cache().script_flush()
    assert things.get(1)["text"] == "bread"


# ---------------------------------------------------------------- the fence


def test_an_old_build_that_finishes_last_is_refused(things):
    old = take(things, 1)
    new = take(things, 1, OVER)
    assert store(things, 1, new, 2, "new")
    assert not store(things, 1, old, 1, "old")
    assert things.get(1)["text"] == "new"


def test_a_build_begun_before_a_flush_is_refused_and_the_truth_is_not(things):
    things.put(1, 2, "new")
    old = take(things, 1)
    cache().flushall()
    assert not store(things, 1, old, 1, "old")
    assert things.get(1)["text"] == "new"


def test_a_build_begun_before_an_eviction_is_refused_also_when_everything_else_stays(things):
    things.put(1, 2, "new")
    things.put(2, 2, "other")
    things.refresh([2])
    old = take(things, 1)
    cache().delete(things.key(1))
    assert not store(things, 1, old, 1, "old")
    assert things.get(1)["text"] == "new"


def test_a_build_begun_before_it_was_forgotten_is_refused(things):
    things.put(1, 2, "new")
    old = take(things, 1)
    things.forget([1])
    assert not store(things, 1, old, 1, "old")
    assert things.get(1)["text"] == "new"


def test_a_build_below_the_floor_is_refused_also_with_a_lease(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    late = take(things, 1, OVER)
    assert not store(things, 1, late, 9, "old")
    assert things.get(1)["text"] == "bread"


def test_forgetting_keeps_the_floor(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    things.forget([1])
    assert not store(things, 1, take(things, 1), 9, "older than what was stored")
    assert store(things, 1, take(things, 1, OVER), 10, "as it was")


def test_a_refresh_that_lost_its_lease_builds_once_more(things):
    things.put(1, 10, "bread")
    first = iter([True])

    def assemble(ids):
        if next(first, False):
            cache().delete(things.key(1))
        return Things.assemble(things, ids)

    things.assemble = assemble
    things.refresh([1])
    assert things.assembled == [[1], [1]]
    assert things.peek(1).data == {"text": "bread"}


def test_a_refresh_that_is_taken_over_again_and_again_says_so(things, monkeypatch):
    monkeypatch.setattr(fence, "LEASE_MS", 1)  # who takes over does not build
    things.put(1, 10, "bread")
    things.assemble = lambda ids: (take(things, 1, OVER), Things.assemble(things, ids))[1]
    with pytest.raises(RefusedError):
        things.refresh([1])
    assert len(things.assembled) == REFRESHES


def test_a_refresh_that_is_taken_over_by_another_leaves_it_to_that_one(things):
    things.put(1, 10, "bread")
    things.door.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(things.refresh, [1])
        wait_until(lambda: things.assembled, what="the first refresh")
        second = pool.submit(things.refresh, [1])
        wait_until(lambda: len(things.assembled) == 2, what="the second refresh")
        things.door.set()
        first.result(PATIENCE_SECONDS), second.result(PATIENCE_SECONDS)
    assert things.assembled == [[1], [1]]
    assert things.peek(1).data == {"text": "bread"}


def test_a_refresh_whose_durable_copy_was_refused_does_not_wait_for_itself(things, monkeypatch):
    things.put(1, 10, "bread")
    refused = iter([{}])
    monkeypatch.setattr(things, "persist", lambda built: next(refused, dict.fromkeys(built, ())))
    waited = []
    monkeypatch.setattr("scaling.cache.time.sleep", waited.append)
    things.refresh([1])
    assert things.assembled == [[1], [1]]
    assert waited == []


def test_refreshes_of_many_at_once_all_end_well(things):
    for pk in range(30):
        things.put(pk, 10, "bread")
    results = at_once(8, lambda: things.refresh(range(30)))
    assert all(len(result) == 30 for result in results)
    assert all(things.peek(pk).data == {"text": "bread"} for pk in range(30))


# ---------------------------------------------------------------- absent objects


def test_what_is_absent_is_remembered_for_a_while_and_comes_to_life_at_once(things):
    assert things.get(7) is None
    things.assembled.clear()
    assert things.get(7) is None
    assert things.assembled == []
    assert 0 < cache().ttl(things.key(7)) <= ABSENT_SECONDS
    things.put(7, 5, "new")
    things.refresh([7])
    assert things.get(7)["text"] == "new"
    assert cache().ttl(things.key(7)) == -1


def test_what_is_deleted_and_made_again_under_its_id_is_shown_and_the_old_one_is_not(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    late = take(things, 1, OVER)
    things.drop(1, 11)
    things.refresh([1])
    assert things.get(1) is None
    assert not store(things, 1, late, 10, "bread")
    things.put(1, 12, "again")
    things.refresh([1])
    assert things.get(1)["text"] == "again"
    gone = take(things, 1, OVER)
    absent = things.record(1, Built(11, None), {1: ()})
    assert fence.store(things.shape, {things.key(1): (gone, absent)}) == [False]
    assert things.get(1)["text"] == "again"


def test_a_crawler_fills_the_cache_with_no_more_than_so_many_absent_ones(things, monkeypatch):
    monkeypatch.setattr(fence, "MOST_ABSENT", 5)
    things.put(1, 10, "bread")
    things.get(1)
    for pk in range(100, 120):
        assert things.get(pk) is None
    assert sorted(int(key.split(b":")[2]) for key in cache().keys("o:thing:*")) == [1, 115, 116, 117, 118, 119]
    things.put(117, 10, "made")
    things.refresh([117])
    for pk in range(200, 210):
        things.get(pk)
    assert things.peek(117).data == {"text": "made"}


# ---------------------------------------------------------------- two releases


@pytest.fixture
def other(things):
    """The same objects as the next release shows them."""
    yield Things("2: text and more")
    registry["thing"] = things


def test_two_shapes_never_read_each_other(things, other):
    things.put(1, 10, "bread")
    things.refresh([1])
    other.put(1, 10, "other form")
    assert other.get(1)["text"] == "other form"
    assert things.get(1)["text"] == "bread"


def test_a_newer_version_of_one_shape_ends_the_older_of_another(things, other):
    for shape in (things, other):
        shape.put(1, 10, "bread")
        shape.refresh([1])
    other.put(1, 11, "newer")
    other.refresh([1])
    things.put(1, 11, "newer, as I show it")
    assert things.get(1)["text"] == "newer, as I show it"


# ---------------------------------------------------------------- many readers


def at_once(count, work):
    gate = threading.Barrier(count)
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: (gate.wait(), work())[1], range(count)))


def test_five_hundred_readers_of_a_cold_key_are_one_assembly(things):
    things.put(1, 10, "bread")
    assert at_once(500, lambda: things.get(1)) == [{"text": "bread"}] * 500
    assert things.assembled == [[1]]


def test_of_an_expired_one_there_is_one_assembly_and_nobody_waits(things):
    things.put(1, 10, "bread", expires_at=PAST)
    things.refresh([1])
    things.assembled.clear()
    things.put(1, 10, "bread of today")
    things.door.clear()
    assert at_once(100, lambda: things.get(1)) == [{"text": "bread"}] * 100  # while the door is closed
    things.door.set()
    wait_until(lambda: things.get(1) == {"text": "bread of today"}, what="the new one")
    assert behind.wait(PATIENCE_SECONDS)
    assert things.assembled == [[1]]


def test_who_asks_for_the_lease_of_an_expired_one_after_it_was_renewed_gets_none(things):
    things.put(1, 10, "bread", expires_at=PAST)
    things.refresh([1])
    things.put(1, 10, "bread of today")
    assert things.take([1], fence.EXPIRED)[1].is_ours
    assert things.take([1], fence.EXPIRED)[1].since == fence.BUSY
    things.refresh([1])
    assert things.take([1], fence.EXPIRED)[1].since == fence.THERE


def test_who_finds_a_builder_waits_for_what_it_stores(things):
    token = take(things, 1)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(things.get, 1)
        store(things, 1, token, 10, "built by somebody else")
        assert reader.result(PATIENCE_SECONDS) == {"text": "built by somebody else"}
    assert things.assembled == []


def test_a_reader_does_not_wait_for_ever_for_a_builder_that_died(things, monkeypatch):
    monkeypatch.setattr("scaling.misses.WAIT_SECONDS", 0.1)
    things.put(1, 10, "bread")
    take(things, 1)
    assert things.get(1)["text"] == "bread"
    assert not store(things, 1, "nobody's token", 10, "x")


def test_a_builder_that_died_holds_up_nobody_longer_than_its_lease(things, monkeypatch):
    monkeypatch.setattr(fence, "LEASE_MS", 1)
    things.put(1, 10, "bread")
    take(things, 1)
    wait_until(lambda: things.take([1], fence.MISSING)[1].is_ours, what="the end of the lease")


@pytest.mark.parametrize("build", ["get", "refresh"])
def test_a_build_that_fails_gives_its_lease_back(things, build):
    things.assemble = lambda ids: 1 / 0
    with pytest.raises(ZeroDivisionError):
        things.get(1) if build == "get" else things.refresh([1])
    assert things.take([1], fence.MISSING)[1].is_ours


def test_a_build_that_fails_leaves_a_lease_that_was_taken_over(things):
    things.assemble = lambda ids: take(things, 1, OVER) and 1 / 0
    with pytest.raises(ZeroDivisionError):
        things.refresh([1])
    assert things.take([1], fence.MISSING)[1].since == fence.BUSY


def test_who_has_lost_the_primary_holds_up_nobody(things):
    things.put(1, 10, "bread")
    with unit_of_work() as work:
        work.without_primary = True
        things.get(1)
    assert things.take([1], fence.MISSING)[1].is_ours
