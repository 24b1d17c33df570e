"""What is answered is counted in memory, and added up on `keep` by whoever tells."""

import os
import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from scaling import traffic
from scaling.clock import SECOND, now_us
from scaling.stores import keep
from scaling.xray import Cost, KeepConnection, measured

from ..factories import make_product
from .test_outages import refuse


@pytest.fixture(autouse=True)
def nothing_counted():
    traffic._forget()
    yield
    traffic._forget()


def told():
    traffic.tell()
    return dict(traffic.totals())


def test_requests_are_counted_by_view_and_status():
    for status in (200, 200, 404):
        traffic.count("product", status, 0.25, Cost())
    assert told() == {
        ("requests", "product", "200"): 2,
        ("requests", "product", "404"): 1,
        ("request_times", "product"): 3,
        ("request_us", "product"): 750_000,
    }


def test_what_a_request_has_read_is_counted_by_kind():
    cost = Cost()
    cost.sql["replica"] = 3
    cost.objects = [
        ("product", 1, 7, now_us() - 10 * SECOND),
        ("product", 2, 7, now_us()),
        ("person", 1, 7, now_us()),
    ]
    cost.misses["product"] = 4
    traffic.count("home", 200, 0.1, cost)
    found = told()
    assert found["sql_statements", "replica"] == 3
    assert found["cache_reads", "product", "hit"] == 2
    assert found["cache_reads", "product", "miss"] == 4
    assert found["cache_reads", "person", "hit"] == 1
    assert found["cached_age_us", "product"] >= 10 * SECOND


def test_what_several_processes_tell_is_added_up():
    traffic.count("home", 200, 0.1, Cost())
    traffic.tell()
    traffic.count("home", 200, 0.1, Cost())
    assert told()["requests", "home", "200"] == 2


def test_counting_asks_nobody_and_telling_once():
    with measured() as cost:
        traffic.count("home", 200, 0.1, Cost())
        traffic.count_task("shop.tasks.tell", "success", 0.1)
    assert not cost.trips
    with measured() as cost:
        traffic.tell()
    assert cost.trips["keep"] == 1
    with measured() as cost:
        traffic.tell()
    assert not cost.trips


def test_with_keep_away_nothing_is_lost(monkeypatch):
    traffic.count("home", 200, 0.1, Cost())
    with monkeypatch.context() as away:
        away.setattr(KeepConnection, "send_packed_command", refuse)
        traffic.tell()
        traffic.count("home", 200, 0.1, Cost())
        traffic.tell()
        with pytest.raises(RedisConnectionError):
            traffic.totals()
    assert told()["requests", "home", "200"] == 2


def test_memory_and_labels_are_bounded(monkeypatch):
    monkeypatch.setattr(traffic, "MOST_COUNTED", 30)
    for number in range(1_000):
        traffic.count(f"view-{number}", 200, 0.1, Cost())
    found = told()
    assert len(found) < 40
    assert sum(times for (what, *_), times in found.items() if what == "requests") == 1_000
    assert found["requests", traffic.OTHER, "200"] > 900


def test_what_no_view_answers_is_other():
    traffic.count("", 404, 0.1, Cost())
    assert told()["requests", traffic.OTHER, "404"] == 1


def test_threads_lose_no_count():
    def count():
        for _ in range(500):
            traffic.count("home", 200, 0.0, Cost())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        traffic.tell()
    assert told()["requests", "home", "200"] == 2_000


def test_a_child_does_not_tell_again_what_its_parent_has_counted():
    traffic.count("home", 200, 0.1, Cost())
    child = os.fork()
    if child == 0:
        os._exit(bool(traffic._counted))
    assert os.waitpid(child, 0)[1] == 0
    assert told()["requests", "home", "200"] == 1


@pytest.mark.django_db
def test_a_request_is_counted_without_a_round_trip_more(client):
    keep().delete(traffic.KEY)
    answer = client.get("/robots.txt")
    assert 'keep;desc="0 round trips"' in answer["Server-Timing"]
    assert 'cache;desc="0 round trips"' in answer["Server-Timing"]
    assert not keep().exists(traffic.KEY)
    assert told()["requests", "robots", "200"] == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_read_through_the_cache_is_a_miss_and_then_a_hit(client, settings):
    """Also where no answer says what it cost."""
    settings.XRAY = False
    loaf = make_product()
    assert "Server-Timing" not in client.get(loaf.get_absolute_url())
    first = told()
    client.get(loaf.get_absolute_url())
    second = told()
    assert first["cache_reads", "product", "miss"] == second["cache_reads", "product", "miss"] == 1
    assert second["cache_reads", "product", "hit"] == first.get(("cache_reads", "product", "hit"), 0) + 1
