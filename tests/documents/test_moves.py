"""Documents move out of MongoDB and into it again, and are built there from the tables."""

import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from products import copying, moving, phases
from products.data import PRODUCTS
from products.documents.stores import of
from products.models import Document, Price

from ..factories import make_product
from ..products.two_stores import command, prices

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(settings.MONGO is None, reason="tests/documents/test_promises.py runs it, with a MongoDB"),
]
NEXT = "next_documents"


@pytest.fixture(autouse=True)
def at_once(settings, monkeypatch):
    settings.NEXT_DOCUMENTS_URL = "default"
    monkeypatch.setattr(phases, "HEARD_SECONDS", 0)
    monkeypatch.setattr(copying, "LOOK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(copying, "BATCH", 2)
    moving.forget()
    yield
    moving.forget()


@pytest.fixture
def shop():
    products = [make_product(f"Loaf {number}", price=500 + number, tags=["Vegan"]) for number in range(5)]
    PRODUCTS.refresh([product.pk for product in products])
    return products


@pytest.fixture
def deploy(settings, monkeypatch):
    """The tables are DOCUMENTS_URL now, and the MongoDB the next store."""

    def change_settings():
        url, alias = settings.DOCUMENTS_URL, settings.DOCUMENTS
        monkeypatch.setitem(connections.databases, NEXT, connections.databases[alias])
        monkeypatch.setattr(connections._connections, NEXT, connections[alias], raising=False)
        settings.DOCUMENTS_URL, settings.NEXT_DOCUMENTS_URL = "default", url
        moving.forget()

    return change_settings


def change(product, cents):
    Price.objects.filter(product=product).update(cents=cents)
    PRODUCTS.refresh([product.pk])


def test_documents_move_to_the_tables_and_back(shop, deploy):
    assert ": 0 differed." in command("--move")
    command("--finish")
    change(shop[0], 777)
    assert prices(DEFAULT_DB_ALIAS) == prices(settings.DOCUMENTS) | {shop[0].pk: 777}
    deploy()
    assert ": 0 differed." in command("--move")
    change(shop[1], 888)
    assert prices(NEXT) == prices(DEFAULT_DB_ALIAS)
    assert prices(NEXT)[shop[1].pk] == 888
    command("--finish")
    assert moving.reads() == NEXT


def test_the_data_is_the_same_after_it_was_there_and_back(shop, deploy):
    before = of(settings.DOCUMENTS).whole([shop[0].pk])
    command("--move")
    command("--finish")
    assert of(DEFAULT_DB_ALIAS).whole([shop[0].pk]) == before
    deploy()
    command("--move")
    assert of(NEXT).whole([shop[0].pk]) == before


def test_a_rebuild_puts_right_what_is_wrong_there(shop):
    Document.objects.filter(pk=shop[0].pk).delete()
    Document.objects.filter(pk=shop[1].pk).update(price=1)
    assert command("--rebuild").startswith("Built 5 in ")
    assert prices(settings.DOCUMENTS) == {product.pk: 500 + number for number, product in enumerate(shop)}
