"""Two stores of documents for tests of a move: the tables, and a second database with a table for documents."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections

from products import moving, phases
from products.data import PRODUCTS
from products.models import Document, Price

from ..factories import make_product

NEXT = "next_documents"
URL, NAME = "mongodb://shop:secret@127.0.0.1:27017/next?tls=true", "mongodb://127.0.0.1:27017/next"


@pytest.fixture(scope="module", autouse=True)
def another_database(django_db_setup, django_db_blocker, tmp_path_factory):
    """With a table for documents, and nothing else. Each test undoes what it has written there, as in the first."""
    changes = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path_factory.mktemp("next") / "next.sqlite3"}
    connections.databases[NEXT] = connections.databases[DEFAULT_DB_ALIAS] | changes | {"OPTIONS": {}}
    with django_db_blocker.unblock(), connections[NEXT].schema_editor() as editor:
        editor.create_model(Document)
    yield
    connections[NEXT].close()
    del connections[NEXT], connections.databases[NEXT]


@pytest.fixture(autouse=True)
def two_stores(settings, monkeypatch):
    """The tables are in service, and the other database is the store to move to. Nobody waits for anybody."""
    settings.DOCUMENTS_URL, settings.NEXT_DOCUMENTS_URL = "", URL
    monkeypatch.setattr(phases, "HEARD_SECONDS", 0)
    moving.forget()
    yield
    moving.forget()


def command(*words):
    """What `manage.py documents` says."""
    out = StringIO()
    call_command("documents", *words, stdout=out)
    return out.getvalue()


def five_loaves():
    products = [make_product(f"Loaf {number}", price=500 + number) for number in range(5)]
    build(*products)
    return products


def build(*products):
    PRODUCTS.refresh([product.pk for product in products])


def change(product, cents):
    """Committed, and not built again yet."""
    Price.objects.filter(product=product).update(cents=cents)


def prices(alias):
    return dict(Document.objects.using(alias).order_by("pk").values_list("pk", "price"))
