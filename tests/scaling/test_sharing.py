"""Who may be given what another has read, and who asks the database: never more than a few at once."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connections, transaction
from django.http import HttpResponse
from django.urls import reverse

from products.data import PRODUCTS
from scaling import causal
from scaling import flights as flights_module
from scaling.abreast import bring_up_to
from scaling.behind import behind
from scaling.cache import Built
from scaling.causal import CausalMiddleware
from scaling.fence import OVER
from scaling.flights import flights
from scaling.misses import fill, read_without_cache
from scaling.replicas import current, primary, unit_of_work

from ..factories import make_product
from ..servers import PATIENCE_SECONDS, wait_until
from .things import take

IN_THE_SHOP = causal.WAIT_SECONDS  # before the tests are given more patience


@contextmanager
def bearing():
    current().bears_token = True
    yield


@contextmanager
def writing():
    current().is_bound = True
    yield


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [bearing, writing, primary, transaction.atomic])
@pytest.mark.parametrize("read", [fill, read_without_cache])
def test_what_was_begun_before_a_write_is_not_given_to_who_wrote(things, read, state):
    things.put(1, 10, "before")
    things.door.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_a_thread, lambda: read(things, [1]))
        wait_until(lambda: things.assembled, what="the first reader")
        things.put(1, 11, "after")
        builds = things.assemble
        things.assemble = lambda ids: {pk: things.rows[pk] for pk in ids}
        with unit_of_work(), state():
            assert read(things, [1])[1].data == {"text": "after"}
        things.assemble = builds
        things.door.set()
        assert first.result(PATIENCE_SECONDS)[1].data == {"text": "before"}


def in_a_thread(work):
    try:
        return work()
    finally:
        connections.close_all()


@contextmanager
def no_place(monkeypatch):
    """As many read as may."""
    monkeypatch.setattr(flights_module, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(flights, "_reads", threading.BoundedSemaphore(1))
    with flights.reading():
        yield


def test_who_bears_a_token_reads_among_the_few(things, monkeypatch):
    things.put(1, 10, "bread")
    things.copies[1] = Built(10, {"text": "bread"})
    with no_place(monkeypatch), unit_of_work() as work:
        work.bears_token = True
        with pytest.raises(OperationalError, match="Too many"):
            read_without_cache(things, [1])
    assert things.assembled == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/shelves/?tag=vegan&tag=rye", "/shelves/?in=1", "/search/?q=rye"])
def test_what_is_read_from_the_documents_is_read_among_the_few(client, monkeypatch, path):
    PRODUCTS.refresh([make_product("Rye", tags=["Vegan", "Rye"]).pk])
    assert client.get(path).status_code == 200  # and the cache holds all the cards
    assert behind.wait(PATIENCE_SECONDS)
    with no_place(monkeypatch):
        response = client.get(path)
    assert response.status_code == 503
    assert response["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_suggestions_are_read_among_the_few(client, monkeypatch):
    with no_place(monkeypatch):
        assert client.get(reverse("suggest"), {"q": "ry"}).status_code == 503


def test_a_request_that_has_waited_enough_waits_no_more(monkeypatch):
    asked = []
    places = SimpleNamespace(acquire=lambda timeout: asked.append(timeout))
    monkeypatch.setattr(flights, "_reads", places)
    monkeypatch.setattr(Future, "result", lambda shared, timeout=None: asked.append(timeout))
    with unit_of_work() as work:
        work.waits_until = time.monotonic()
        with pytest.raises(OperationalError), flights.reading():
            pass
        monkeypatch.setitem(flights._under_way, "loaf", Future())
        flights.share("loaf", lambda: None)
    assert asked == [0, 0]


def test_every_request_has_an_end_of_waiting(rf, monkeypatch):
    monkeypatch.setattr(causal, "WAIT_SECONDS", IN_THE_SHOP)
    ends = []
    began = time.monotonic()
    CausalMiddleware(lambda request: (ends.append(current().waits_until), HttpResponse())[1])(rf.get("/"))
    assert began < ends[0] <= time.monotonic() + causal.WAIT_SECONDS
    assert IN_THE_SHOP < 2


def test_a_visitor_waits_shortly_for_who_has_taken_over_and_reads_the_tables(things, monkeypatch):
    """The other one builds for longer than anybody looks on."""
    things.put(1, 11, "mine")
    monkeypatch.setattr("scaling.abreast.WAIT_SECONDS", 0)
    monkeypatch.setattr("scaling.cache.time.sleep", lambda seconds: pytest.fail("waited"))
    assemble = things.assemble
    things.assemble = lambda ids: (assemble(ids), take(things, 1, OVER))[0]
    assert bring_up_to({"thing:1": 11}) is False
    assert things.assembled == [[1]]
