"""The cache is away: nobody waits, the documents answer, and what it held of old is not read when it is back."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError

from jobs.models import SECOND, Outbox, now_us
from jobs.objects import refresh
from products.data import CATEGORIES, PRODUCTS
from products.models import Document, Product
from scaling import flights as flights_module
from scaling.behind import behind
from scaling.breaker import CACHE
from scaling.flights import flights
from scaling.reading import CACHE_DOWN
from scaling.stores import cache
from scaling.xray import measured

from ..factories import make_price, make_product
from ..servers import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    product = make_product()
    product.related.add(make_product("Bagel"))
    for pk in Product.objects.values_list("pk", flat=True):
        PRODUCTS.refresh([pk])
    CATEGORIES.refresh([product.category_id])
    Outbox.objects.all().delete()
    return product


@pytest.fixture
def impatient(monkeypatch):
    """Who asks the cache gives up as soon as in the shop."""
    pool = cache().connection_pool
    monkeypatch.setitem(pool.connection_kwargs, "socket_timeout", 1.0)
    pool.reset()
    yield
    pool.reset()


@pytest.fixture
def silent(cache_server, impatient):
    """It takes connections and answers none."""
    os.kill(cache_server.pid, signal.SIGSTOP)
    yield lambda: os.kill(cache_server.pid, signal.SIGCONT)
    os.kill(cache_server.pid, signal.SIGCONT)
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")


def test_only_the_first_waits_and_the_documents_answer(client, loaf, silent):
    assert client.get(loaf.get_absolute_url()).status_code == 200
    assert CACHE.is_open
    flights.forget()
    with measured() as cost:
        data = PRODUCTS.get(loaf.pk)
    assert data["name"] == loaf.name
    assert cost.trips["cache"] == 0
    assert sum(cost.sql.values()) <= 5  # two for documents, and a category has none: a moment, a row and a version


def test_catalogue_pages_go_on(client, loaf, silent):
    paths = ["/", "/shelves/", loaf.category.get_absolute_url(), "/shelves/?sort=price", loaf.get_absolute_url()]
    assert [client.get(path).status_code for path in paths] == [200] * len(paths)


def test_what_there_is_no_document_of_is_assembled(loaf, silent):
    Document.objects.all().delete()
    assert PRODUCTS.get(loaf.pk)["price"] == 520
    assert PRODUCTS.get(999_999) is None


def test_a_process_reads_a_thing_once_a_second(loaf, silent, monkeypatch):
    PRODUCTS.get(loaf.pk)
    flights.forget()
    asked = []
    durable = PRODUCTS.durable
    monkeypatch.setattr(PRODUCTS, "durable", lambda ids: (asked.append(ids), durable(ids))[1])
    monkeypatch.setattr(flights_module, "RECENT_SECONDS", 60)
    with ThreadPoolExecutor(20) as pool:
        assert {data["name"] for data in pool.map(lambda _: PRODUCTS.get(loaf.pk), range(200))} == {loaf.name}
    assert asked.count([loaf.pk]) == 1


def test_an_answer_is_kept_before_it_is_no_longer_under_way(monkeypatch):
    found = []

    class UnderWay(dict):
        def __delitem__(self, key):
            found.append(key in flights._recent)
            super().__delitem__(key)

    monkeypatch.setattr(flights, "_under_way", UnderWay())
    assert flights.share_for_a_while("loaf", lambda: 1) == 1
    assert found == [True]


def test_few_read_at_once_however_many_want_to(monkeypatch):
    reading, most, lock = 0, 0, threading.Lock()
    barrier = threading.Barrier(flights_module.READS_AT_ONCE)

    def read(number):
        nonlocal reading, most
        with flights.reading():
            with lock:
                reading += 1
                most = max(most, reading)
            barrier.wait(PATIENCE_SECONDS)  # until as many as may are in here
            with lock:
                reading -= 1

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(read, range(40)))
    assert most == flights_module.READS_AT_ONCE


def test_who_finds_no_place_among_the_readers_is_told_so(monkeypatch):
    monkeypatch.setattr(flights_module, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(flights, "_reads", threading.BoundedSemaphore(1))
    with flights.reading(), pytest.raises(OperationalError, match="Too many"), flights.reading():
        pass


def test_a_change_meanwhile_is_written_down_and_its_row_stays(loaf, silent):
    make_price(loaf, 333)
    rows = Outbox.objects.filter(subject=f"product:{loaf.pk}")
    with pytest.raises(CACHE_DOWN):
        refresh([[row.pk, row.subject] for row in rows])
    assert rows.exists()
    assert PRODUCTS.get(loaf.pk)["price"] == 333


def test_what_changed_meanwhile_is_not_read_from_what_it_held(loaf, silent):
    PRODUCTS.get(loaf.pk)
    assert CACHE.is_open
    make_price(loaf, 333)
    silent()
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert PRODUCTS.get(loaf.pk)["price"] == 333
    assert Outbox.objects.filter(due_at__lte=time.time_ns() // 1000, subject=f"product:{loaf.pk}").exists()


def test_when_too_much_has_changed_everything_is_dropped(loaf, silent, monkeypatch):
    monkeypatch.setattr("scaling.abreast.MOST_UNDONE", 0)
    PRODUCTS.get(loaf.pk)
    make_price(loaf, 333)
    silent()
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert cache().dbsize() == 0


def test_when_nobody_can_tell_what_has_changed_everything_is_dropped(loaf, silent, monkeypatch):
    monkeypatch.setattr("jobs.changes.CHANGES.undone", lambda most: 1 / 0)
    PRODUCTS.get(loaf.pk)
    silent()
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert cache().dbsize() == 0


def test_it_is_used_again_as_soon_as_it_answers(client, loaf, silent):
    client.get(loaf.get_absolute_url())
    silent()
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    client.get(loaf.get_absolute_url())
    assert behind.wait(PATIENCE_SECONDS)
    PRODUCTS.get(loaf.pk)
    with measured() as cost:
        PRODUCTS.get(loaf.pk)
    assert (cost.trips["cache"], sum(cost.sql.values())) == (1, 0)


def test_what_waits_for_the_cache_is_not_sent_every_second_and_hurried_in_the_end(loaf, silent):
    Product.objects.filter(pk=loaf.pk).update(name="Rye")
    row = Outbox.objects.get()
    with pytest.raises(CACHE_DOWN):
        refresh([[row.pk, row.subject]])
    row.refresh_from_db()
    assert row.attempt == 1
    assert row.due_at > now_us() + SECOND
    silent()
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    row.refresh_from_db()
    assert row.due_at <= now_us()
