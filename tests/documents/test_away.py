"""The MongoDB that holds the documents is away: pages go on, workers come again, and nobody meets its errors."""

import os
import signal
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import OperationalError

from jobs.models import Outbox
from products import documents
from products.data import PRODUCTS
from products.documents import outages
from products.models import Document, Product
from products.shelf import ids_of
from scaling.flights import flights
from scaling.sampler import sampling
from scaling.stores import cache

from ..factories import make_price, make_product
from ..mongo import back

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(settings.MONGO is None, reason="tests/documents/test_promises.py runs it, with a MongoDB"),
]
PAGES = ["/", "/shelves/", "/shelves/?sort=price", "/shelves/?tag=vegan&tag=rye&sort=-price", "/shelves/?in=1"]


@pytest.fixture
def loaf():
    product = make_product(tags=["Vegan", "Rye"])
    product.related.add(make_product("Bagel", stock=0))
    PRODUCTS.refresh(Product.objects.values_list("pk", flat=True))
    Outbox.objects.all().delete()
    return product


@pytest.fixture
def away(loaf, documents_server, impatient):
    """It has ended; called, it is there again."""
    documents_server.stop()

    def return_():
        if documents_server.has_ended():
            back(documents_server)
        impatient()

    yield return_
    return_()


def test_every_page_of_the_catalogue_goes_on(client, loaf, away):
    for path in (*PAGES, loaf.category.get_absolute_url(), loaf.get_absolute_url()):
        response = client.get(path)
        assert (path, response.status_code) == (path, 200)
        assert path == "/" or loaf.name in response.content.decode()


def test_without_the_cache_too_the_tables_answer(client, loaf, away):
    cache().flushall()
    assert loaf.name in client.get("/shelves/?sort=rating").content.decode()
    cache().flushall()
    flights.forget()
    assert PRODUCTS.durable([loaf.pk]) == {}
    assert client.get(loaf.get_absolute_url()).status_code == 200


def test_listings_are_the_same_as_before(loaf, documents_server, impatient):
    asked = [(None, tags, sort, 0, 99) for tags in ([], ["vegan"]) for sort in documents.ORDERS]
    before = [ids_of(*each) for each in asked]
    documents_server.stop()
    try:
        assert [ids_of(*each) for each in asked] == before
    finally:
        back(documents_server)


def test_after_the_first_nobody_asks_it(loaf, away, monkeypatch):
    with pytest.raises(documents.AwayError):
        documents.read([loaf.pk], PRODUCTS.shape)
    monkeypatch.setattr(outages, "ASK_AGAIN_SECONDS", 600)
    outages.outage_of(settings.DOCUMENTS).begin(OSError())
    monkeypatch.setattr(documents.reading, "Document", None)  # whoever asks meets another error
    with pytest.raises(documents.AwayError):
        documents.read([loaf.pk], PRODUCTS.shape)


def test_a_worker_fails_and_what_it_was_to_do_is_done_later(loaf, away):
    make_price(loaf, 333)
    with pytest.raises(OperationalError):
        PRODUCTS.refresh([loaf.pk])
    assert Outbox.objects.filter(subject=f"product:{loaf.pk}").exists()
    away()
    PRODUCTS.refresh([loaf.pk])
    assert Document.objects.get(pk=loaf.pk).price == 333


def test_the_sampler_gives_up(away):
    with sampling(["product"]) as sampler, pytest.raises(OperationalError):
        sampler.run()


def test_one_that_takes_connections_and_answers_none_is_away_as_well(client, loaf, documents_server, impatient):
    with suppress(documents.AwayError):  # on a slow machine it may be so already
        documents.read([loaf.pk], PRODUCTS.shape)
    os.kill(documents_server.process.pid, signal.SIGSTOP)
    try:
        for path in PAGES:
            assert client.get(path).status_code == 200
    finally:
        os.kill(documents_server.process.pid, signal.SIGCONT)
