"""The sampler: whatever is wrong is found, repaired and counted, and what is in flight is not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from scaling import codec, findings
from scaling.cache import Built, RefusedError
from scaling.comparing import IN_FLIGHT_SECONDS, BusyError, Fault
from scaling.findings import MOST_KEPT
from scaling.kinds import registry
from scaling.sampler import LEAST_IDS, LISTING, sampling
from scaling.stores import cache, keep

from ..servers import PATIENCE_SECONDS, wait_until
from .things import Things


class Changes:
    """What waits to be built again; None for more than anybody can tell."""

    waiting: list[str] | None = []

    def undone(self, most):
        return self.waiting


CHANGES = Changes()


class Walked(Things):
    """Things that can be walked, and whose durable copies are written by a refresh."""

    def after(self, pk, most):
        return sorted(each for each in {*self.rows, *self.copies} if each > pk)[:most]

    def count(self):
        return len(self.rows)

    def persist(self, built):
        self.copies |= {pk: one for pk, one in built.items() if one.data is not None}
        for pk in [pk for pk, one in built.items() if one.data is None]:
            self.copies.pop(pk, None)
        return super().persist(built)

    def unsound(self, built):
        return {pk: "has no copy" for pk, one in built.items() if one.data and pk not in self.copies}


@pytest.fixture(autouse=True)
def nothing_waits(settings, monkeypatch):
    settings.CAUSAL_CHANGES = f"{__name__}.CHANGES"
    monkeypatch.setattr(CHANGES, "waiting", [])


@pytest.fixture
def walked():
    yield Walked()
    registry.pop("thing", None)


@pytest.fixture
def three(walked):
    """Three that are right everywhere."""
    for pk in (1, 2, 3):
        walked.put(pk, 10, f"loaf {pk}")
    walked.refresh([1, 2, 3])
    walked.assembled.clear()
    return walked


def run():
    with sampling(["thing"]) as sampler:
        return sampler.run()


def told(result):
    return [(int(fault.subject), fault.where, fault.what) for fault in result.faults]


def tally(name="thing"):
    return next(each for each in findings.tallies() if each.name == name)


def spoil(things, pk, **changes):
    """Put another payload under the fields of the fence, as if it had been stored."""
    shape, packed = things.shape, things.peek(pk)
    wrong = packed._replace(**changes)
    cache().hset(things.key(pk), f"s:{shape}", codec.pack(wrong))
    if "data" in changes:
        cache().hset(things.key(pk), f"c:{shape}", codec.pack_card(wrong))


# ---------------------------------------------------------------- what is wrong


def test_of_what_is_right_nothing_is_found(three):
    result = run()
    assert (result.compared, result.faults, result.repaired, result.later) == (3, [], 0, 0)
    assert (tally().compared, tally().wrong) == (3, 0)
    assert three.assembled == [[1, 2, 3]]


def test_a_wrong_object_in_the_cache_is_found_repaired_and_counted(three):
    spoil(three, 2, data={"text": "stale"})
    assert three.get(2)["text"] == "stale"
    assert told(run()) == [(2, "cached", "text, card id, card text")]
    assert three.get(2)["text"] == "loaf 2"
    assert (tally().compared, tally().cached, tally().documents, tally().repaired) == (3, 1, 0, 1)
    assert run().faults == []


def test_a_wrong_card_is_found(three):
    cache().hset(
        three.key(2), f"c:{three.shape}", codec.pack_card(three.peek(2)._replace(data={"id": 2, "text": "x"}))
    )
    assert told(run()) == [(2, "cached", "card text")]
    assert three.get_many([2])[2]["text"] == "loaf 2"


def test_an_older_version_is_wrong_although_it_looks_the_same(three):
    three.put(2, 11, "loaf 2")
    assert told(run()) == [(2, "cached", "version"), (2, "documents", "version")]
    assert three.peek(2).version == 11


def test_what_it_names_is_compared(three):
    spoil(three, 2, refs=[("thing", 1)])
    assert told(run()) == [(2, "cached", "what it names")]
    assert three.peek(2).refs == []


def test_what_cannot_be_read_is_wrong_and_spoils_nothing_else(three):
    cache().hset(three.key(2), f"s:{three.shape}", b"neither zstd nor JSON")
    assert told(run()) == [(2, "cached", "cannot be read")]
    assert three.get(2)["text"] == "loaf 2"


def test_a_wrong_copy_is_found_and_written_again(three):
    three.copies[3] = Built(10, {"text": "old"}, {"id": 3, "text": "old"})
    assert told(run()) == [(3, "documents", "text, card text")]
    assert three.copies[3].data == {"text": "loaf 3"}
    assert (tally().cached, tally().documents, tally().repaired) == (0, 1, 1)


def test_a_missing_copy_is_wrong(three):
    del three.copies[3]
    assert told(run()) == [(3, "documents", "has no copy")]
    assert 3 in three.copies


def test_what_was_evicted_is_not_wrong(three):
    cache().delete(three.key(2))
    assert run().faults == []
    assert three.peek(2) is None


def test_what_has_expired_is_not_wrong(three):
    spoil(three, 2, data={"text": "of yesterday"}, expires_at=1)
    assert run().faults == []


def test_what_is_gone_is_wrong_wherever_it_still_is(three):
    del three.rows[2]
    assert told(run()) == [(2, "cached", "is there no more"), (2, "documents", "is there no more")]
    assert three.get(2) is None
    assert 2 not in three.copies
    assert tally().repaired == 1


def test_what_only_the_cache_knows_of_is_met_by_its_key(three):
    del three.rows[2], three.copies[2]
    assert told(run()) == [(2, "cached", "is there no more")]
    assert three.peek(2) is None


def test_what_is_said_to_be_absent_is_wrong_when_it_is_there(walked):
    assert walked.get(1) is None
    walked.put(1, 10, "bread")
    walked.copies[1] = walked.rows[1]
    assert told(run()) == [(1, "cached", "is said to be absent")]
    assert walked.get(1) == {"text": "bread"}


def test_a_version_that_the_database_has_lost_is_dropped(three):
    """After a promotion the cache may have heard of a change that is no more; the fence would refuse what is true."""
    three.put(2, 99, "lost with the old primary")
    three.refresh([2])
    three.put(2, 10, "loaf 2")
    with pytest.raises(RefusedError):
        three.refresh([2])
    result = run()
    assert told(result) == [(2, "cached", "text, card text, version")]
    assert result.repaired == 1
    assert three.get(2)["text"] == "loaf 2"


def test_a_floor_without_an_object_that_refuses_what_is_true_is_found_and_dropped(three):
    three.forget([2])
    cache().hset(three.key(2), "floor", 99)
    assert told(run()) == [(2, "cached", "waits for a version that is not there")]
    assert three.peek(2).data == {"text": "loaf 2"}
    assert run().faults == []


# ---------------------------------------------------------------- what is in flight


def test_what_was_changed_a_moment_ago_is_looked_at_again_and_not_counted(three):
    now = time.time_ns() // 1000
    three.put(2, now, "new")
    result = run()
    assert (result.faults, result.later, result.compared) == ([], 1, 2)
    assert (tally().wrong, tally().compared) == (0, 2)
    assert three.peek(2).data == {"text": "loaf 2"}

    three.put(2, now - (IN_FLIGHT_SECONDS + 1) * 1_000_000, "new")
    with sampling(["thing"]) as sampler:
        sampler.objects(three, findings.some_put_off("thing", 10))
    assert [pk for pk, _, _ in told(sampler.result)] == [2, 2]
    assert findings.some_put_off("thing", 10) == []


def test_what_was_put_off_stays_so_when_the_run_is_cut_short(three):
    findings.put_off("thing", [2])
    with sampling(["thing"], seconds=0) as sampler:
        sampler.run()
    assert findings.some_put_off("thing", 10) == [2]
    run()
    assert findings.some_put_off("thing", 10) == []


def test_what_waits_in_the_outbox_is_not_counted(three):
    spoil(three, 2, data={"text": "stale"})
    CHANGES.waiting = ["thing:2"]
    assert (run().faults, run().later) == ([], 1)
    CHANGES.waiting = []
    assert len(run().faults) == 1


def test_what_is_told_to_the_outbox_between_two_looks_is_not_counted(three, monkeypatch):
    """A transaction that took long: its version is old when it is first seen."""
    spoil(three, 2, data={"text": "stale"})
    answers = [[], ["thing:2"]]
    monkeypatch.setattr(CHANGES, "undone", lambda most: answers.pop(0), raising=False)
    result = run()
    assert (result.faults, result.later) == ([], 1)


def test_what_has_just_changed_by_itself_is_not_counted(three):
    three.copies[2] = Built(10, {"text": "old"}, expires_at=time.time_ns() // 1000)
    assert (run().faults, run().later) == ([], 1)
    three.copies[2] = Built(10, {"text": "old"}, expires_at=1)
    assert [where for _, where, _ in told(run())] == ["documents"]


def test_with_too_much_in_flight_nobody_can_tell(three):
    CHANGES.waiting = None
    with pytest.raises(BusyError):
        run()
    assert findings.tallies() == []


# ---------------------------------------------------------------- rounds


def ids_of(walked):
    return sorted(pk for ids in walked.assembled for pk in ids)


@pytest.fixture
def many(walked):
    for pk in range(1, 2 * LEAST_IDS + 2):
        walked.put(pk, 10, str(pk))
        walked.copies[pk] = walked.rows[pk]
    return walked


def test_a_round_meets_every_id_once(many):
    for _ in range(2):
        run()
    assert tally().round_at == 0
    run()
    assert ids_of(many) == sorted(many.rows)
    assert tally().round_at > 0
    run()
    assert len(ids_of(many)) == len(many.rows) + LEAST_IDS


def test_what_is_added_meanwhile_is_met_in_this_round_or_in_the_next(many):
    run()
    for pk in (-5, 1_000):
        many.put(pk + 10, 10, "new")
        many.copies[pk + 10] = many.rows[pk + 10]
    for _ in range(2):
        run()
    assert set(many.rows) == set(ids_of(many))


def test_all_of_it_at_once(many):
    with sampling(["thing"]) as sampler:
        assert sum(sampler.walk(many)) == len(many.rows)
    assert ids_of(many) == sorted(many.rows)
    assert tally().round_at > 0
    assert findings.cursor("thing") == ""


def test_of_two_samplers_one_moves_the_cursor(many):
    many.door.clear()
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(run) for _ in range(2)]
        wait_until(lambda: len(many.assembled) == 2, what="both at the same batch")
        many.door.set()
        results = [each.result(PATIENCE_SECONDS) for each in runs]
    assert findings.cursor("thing") == str(LEAST_IDS)
    assert [result.compared for result in results] == [LEAST_IDS, LEAST_IDS]
    assert tally().compared == 2 * LEAST_IDS


def test_a_run_without_time_leaves_the_rest_and_says_so(many, caplog):
    with sampling(["thing"], seconds=0) as sampler:
        result = sampler.run()
    assert (result.compared, result.is_cut_short) == (0, True)
    assert findings.cursor("thing") == ""
    assert "leaves the rest of its share" in caplog.text


def test_whoever_waits_gets_an_answer_after_the_batch_in_hand(many, monkeypatch):
    many.copies.clear()
    refresh = many.refresh
    with sampling(["thing"], batch=10) as sampler:

        def refresh_until_time_is_over(ids):
            sampler._ends_at = 0
            return refresh(ids)

        monkeypatch.setattr(many, "refresh", refresh_until_time_is_over)
        result = sampler.run()
    assert (result.compared, result.repaired, result.is_cut_short) == (10, 10, True)
    assert result.left == LEAST_IDS - 10
    assert "40 left for a later run" in str(result)
    assert findings.cursor("thing") == ""


def test_an_outage_leaves_the_cursor_where_it_was(many, monkeypatch):
    def away(ids):
        raise ConnectionError

    monkeypatch.setattr(many, "assemble", away)
    with pytest.raises(ConnectionError):
        run()
    assert findings.cursor("thing") == ""
    assert keep().hgetall(findings.COUNTS) == {}


def test_the_last_few_faults_are_kept_the_newest_first():
    for number in range(MOST_KEPT + 5):
        findings.tell("thing", {"cached": 1}, [Fault("thing", str(number), "cached", "text")])
    kept = findings.latest()
    assert len(kept) == MOST_KEPT
    assert kept[0].fault.subject == str(MOST_KEPT + 4)
    assert tally().cached == MOST_KEPT + 5


def test_what_another_release_counts_is_passed_by():
    findings.tell("thing", {"cached": 1, "crumbs": 7})
    assert tally().cached == 1


def test_a_kind_that_does_not_say_how_it_is_walked_is_left_out(things):
    things.put(1, 10, "bread")
    assert run().compared == 0
    things.get(1)
    assert run().compared == 1  # met by its key


def test_keys_that_are_none_of_ours_do_not_matter(three):
    for key in (b"o:thing:", b"o:thing:12x", b"o:nothing:1", b"l:unknown:1", b"o:thing:\xff", b"x"):
        cache().set(key, "1")
    with sampling() as sampler:
        sampler.keys(cache().keys())
    assert LISTING not in {each.name for each in findings.tallies()}
    assert sampler.result.faults == []
