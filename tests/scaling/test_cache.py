"""Assemble the whole object once, store it whole; and never store what was read before a change."""

import threading

import pytest

from scaling import fence
from scaling.cache import Built, CachedObject, fetch, registry
from scaling.fence import ABSENT_SECONDS
from scaling.stores import cache
from scaling.xray import measured


class Things(CachedObject):
    name = "thing"
    form = "1: text"

    def __init__(self):
        super().__init__()
        self.rows = {}
        self.assembled = []

    def put(self, pk, version, text, refs=(), entries=()):
        self.rows[pk] = Built(
            version, {"text": text}, {"id": pk, "text": text}, [(self, ref) for ref in refs], entries
        )

    def assemble(self, ids):
        self.assembled.append(list(ids))
        return {pk: self.rows[pk] for pk in ids if pk in self.rows}


@pytest.fixture
def things():
    yield Things()
    registry.pop("thing", None)


def store(things, pk, token, version, text):
    record = things._record(Built(version, {"text": text}, {"text": text}))
    return fence.store(things.shape, {things.key(pk): (token, record)})[0]


def take(things, pk, *, takeover=False):
    return fence.take([things.key(pk)], things.shape, takeover=takeover)[things.key(pk)][1]


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


def test_an_old_build_that_finishes_last_is_refused(things):
    old = take(things, 1)
    new = take(things, 1, takeover=True)
    assert store(things, 1, new, 2, "new")
    assert not store(things, 1, old, 1, "old")
    assert things.get(1)["text"] == "new"


def test_a_build_begun_before_a_flush_is_refused(things):
    old = take(things, 1)
    cache().flushall()
    assert not store(things, 1, old, 1, "old")


def test_a_build_below_the_floor_is_refused_also_with_a_lease(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    late = take(things, 1, takeover=True)
    assert not store(things, 1, late, 9, "old")
    assert things.get(1)["text"] == "bread"


def test_the_same_version_may_be_stored_again(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    things.put(1, 10, "bread at another hour")
    things.refresh([1])
    assert things.get(1)["text"] == "bread at another hour"


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


def test_what_is_gone_is_gone_and_may_be_made_again_under_its_key(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    del things.rows[1]
    things.refresh([1])
    assert things.get(1) is None
    things.put(1, 12, "again")
    things.refresh([1])
    assert things.get(1)["text"] == "again"


def test_two_shapes_never_read_each_other(things):
    things.put(1, 10, "bread")
    things.refresh([1])
    other = Things.__new__(Things)
    other.form = "2: text and more"
    Things.__init__(other)
    other.put(1, 10, "other form")
    assert other.get(1)["text"] == "other form"
    assert things.get(1)["text"] == "bread"
    other.put(1, 11, "newer")
    other.refresh([1])
    things.put(1, 11, "newer, as I show it")
    assert things.get(1)["text"] == "newer, as I show it"


def test_an_object_comes_with_the_cards_it_names_in_one_round_trip(things):
    things.put(1, 10, "bread", refs=[2, 3, 4])
    things.put(2, 10, "butter")
    things.put(3, 10, "jam")
    fetch(things.whole(1))
    with measured() as cost:
        (whole,) = fetch(things.whole(1))
    assert [card["text"] for card in whole.cards.values()] == ["butter", "jam"]
    assert cost.trips == {"cache": 1}


def test_many_readers_of_a_cold_key_are_one_assembly(things, monkeypatch):
    monkeypatch.setattr("scaling.cache.WAIT_SECONDS", 60)  # on a busy machine nobody shall give up waiting
    monkeypatch.setattr("scaling.fence.LEASE_MS", 60_000)
    things.put(1, 10, "bread")
    gate = threading.Barrier(20)
    answers = []

    def read():
        gate.wait()
        answers.append(things.get(1))

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"text": "bread"}] * 20
    assert things.assembled == [[1]]


def test_a_reader_does_not_wait_for_ever_for_a_builder_that_died(things):
    things.put(1, 10, "bread")
    take(things, 1)
    assert things.get(1)["text"] == "bread"


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
