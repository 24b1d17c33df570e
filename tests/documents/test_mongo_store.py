"""The store in MongoDB: versions are compared and set, whoever else writes in between."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import connections

from products.data import PRODUCTS
from products.documents import stores
from products.models import Document
from scaling.cache import Built

from ..factories import make_product

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(settings.MONGO is None, reason="tests/documents/test_promises.py runs it, with a MongoDB"),
]


@pytest.fixture
def store():
    return stores.in_service()


@pytest.fixture
def build():
    """Of one product, at any version and price."""
    product = make_product()
    whole = PRODUCTS.assemble([product.pk])[product.pk]

    def built(version, price=520):
        return {product.pk: replace(whole, version=version, data=whole.data | {"price": price})}

    return built


def interleaved(store, monkeypatch, write, times=1):
    """Have somebody else `write` so many times between reading what is there and writing."""
    known, left = store._known, iter(range(times))

    def racing(ids):
        found = known(ids)
        if next(left, None) is not None:
            write(stores.in_service())
        return found

    monkeypatch.setattr(store, "_known", racing)


@pytest.mark.parametrize("has_document", [True, False])
def test_a_newer_one_that_comes_in_between_is_not_overwritten(store, build, monkeypatch, has_document):
    if has_document:
        store.write(build(1), "form")
    interleaved(store, monkeypatch, lambda other: other.write(build(3, price=3), "form"))
    assert store.write(build(2, price=2), "form") == {}
    assert (Document.objects.get().version, Document.objects.get().price) == (3, 3)


def test_an_older_one_that_comes_in_between_is_replaced(store, build, monkeypatch):
    interleaved(store, monkeypatch, lambda other: other.write(build(1, price=1), "form"))
    assert build(2).keys() == store.write(build(2, price=2), "form").keys()
    assert (Document.objects.get().version, Document.objects.get().price) == (2, 2)


def test_whoever_is_always_too_late_is_refused_and_not_kept_for_ever(store, build, monkeypatch):
    store.write(build(1), "form")
    interleaved(store, monkeypatch, lambda other: other.write(build(1), "form"), times=99)
    assert store.write(build(1), "form") == {}


def test_what_is_gone_is_not_brought_back_by_who_has_read_it_before(store, build, monkeypatch):
    (pk,) = build(1)
    store.write(build(1), "form")
    interleaved(store, monkeypatch, lambda other: other.write({pk: Built(3, None)}, "form"))
    assert store.write(build(2), "form") == {}
    assert Document.objects.get().is_gone


def test_a_hundred_documents_are_two_round_trips(store, build, monkeypatch):
    (one,) = build(1).values()
    trips = Counter()
    for name in ("find", "bulk_write"):
        plain = getattr(store._collection.__class__, name)

        def counted(*args, name=name, plain=plain, **options):
            trips[name] += 1
            return plain(*args, **options)

        monkeypatch.setattr(store._collection.__class__, name, counted)
    store.write({pk: replace(one, data=one.data | {"id": pk}) for pk in range(1, 101)}, "form")
    assert trips == {"find": 1, "bulk_write": 1}
    assert Document.objects.count() == 100


def test_of_many_who_write_at_once_the_newest_stays_whole(store, build):
    versions = [version for version in range(1, 41) for _ in range(2)]

    def write(version):
        stores.in_service().write(build(version, price=version), "form")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, reversed(versions[::3] + versions[1::3] + versions[2::3])))
    row = Document.objects.get()
    assert (row.version, row.price, row.data["price"]) == (40, 40, 40)


def test_the_key_stands_in_it_twice_so_that_either_engine_finds_it(store, build):
    (pk,) = build(1)
    store.write(build(1), "form")
    (row,) = store._collection.find()
    assert row["_id"] == row["product_id"] == pk


def test_every_order_has_an_index_and_preparing_twice_changes_nothing(store):
    store.prepare()
    indexes = store._collection.index_information()
    store.prepare()
    assert store._collection.index_information() == indexes
    keys = [[name for name, _ in each["key"]] for each in indexes.values()]
    assert ["product_id"] in keys
    assert ["created", "sort_name", "product_id"] in keys
    assert ["category_id", "price", "sort_name", "product_id"] in keys


def test_after_a_migration_the_store_is_prepared(store):
    store._collection.drop()
    stores.prepare("replica")
    assert not store._collection.index_information()
    stores.prepare("default")
    assert store._collection.index_information()


def test_nothing_but_documents_is_kept_there(store, build):
    store.write(build(1), "form")
    names = connections[settings.DOCUMENTS].introspection.table_names()
    assert [name for name in names if not name.startswith(("system.", "__"))] == ["products_document"]
