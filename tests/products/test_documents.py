"""A store of documents: what it promises, whichever it is."""

import pytest
from django.db import DEFAULT_DB_ALIAS

from products import documents, moving
from products.data import PRODUCTS
from products.documents import stores
from products.documents.sql_store import SqlStore
from products.models import Document, Price, Product, Term
from products.search_index import write as write_words
from scaling.cache import Built

from ..factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def store():
    return stores.in_service()


def put(store, pk, version, **changes):
    data = PRODUCTS.assemble([make_product(f"Loaf {pk}").pk]).popitem()[1].data
    row = {"product_id": pk, "version": version, "shape": "form", "data": data, "left": [], "is_gone": False}
    store.put([row | documents.columns(data) | changes])


def test_documents_are_walked_in_the_order_of_their_keys(store):
    for pk, version in ((30, 3), (9, 2), (100, 1)):
        put(store, pk, version, is_gone=pk == 30)
    assert store.versions_after(0, 2) == [(9, 2, "form", False), (30, 3, "form", True)]
    assert store.versions_after(30, 2) == [(100, 1, "form", False)]


def test_what_is_put_is_whole_and_replaces_only_what_is_older(store):
    put(store, 5, 10, price=1)
    put(store, 5, 10, price=2)
    put(store, 5, 9, price=3)
    (row,) = store.whole([5, 6])
    assert (row["product_id"], row["version"], row["price"]) == (5, 10, 1)
    assert row["data"]["texts"] == {}
    put(store, 5, 11, price=4, left=[["l:products:1::price", "loaf|5"]])
    (row,) = store.whole([5])
    assert (row["price"], row["left"]) == (4, [["l:products:1::price", "loaf|5"]])
    assert row.keys() == {field.attname for field in Document._meta.fields}


def test_a_document_goes_whole_from_one_store_to_another(store):
    product = make_product(tags=["Vegan"])
    PRODUCTS.refresh([product.pk])
    rows = store.whole([product.pk])
    Document.objects.all().delete()
    assert not store.versions_after(0, 1)
    store.put(rows)
    assert store.whole([product.pk]) == rows
    assert Document.objects.get().data == PRODUCTS.get(product.pk)


def test_names_are_ordered_by_their_letters_codes_on_every_store(store):
    names = ["zest", "b_c", "b c", "b-c", "bc", "a|", "ß", "ø", "\u30d1\u30f3", "\U0001f950", "~", "1", "10", "9"]
    for number, name in enumerate(names, start=1):
        put(store, number, 1, sort_name=name)
    expected = [names.index(name) + 1 for name in sorted(names)]
    assert documents.ids(documents.matching(None), "name", 0, 99) == (len(names), expected)


def test_a_tag_is_found_whole_and_as_it_is_spelt(store):
    for number, tags in enumerate(["|vegan|", "|vegan-rye|", "|rye|vegan|", "|", "|v.gan|", "|v_gan|"], start=1):
        put(store, number, 1, tags=tags, sort_name=str(number))
    for tag, expected in (("vegan", [1, 3]), ("v.gan", [5]), ("v_gan", [6]), ("gan", []), ("%", [])):
        assert documents.ids(documents.matching(None, [tag]), "name", 0, 99)[1] == expected


def test_many_long_tags_are_kept_whole_built_again_and_found(store):
    tags = [f"{'very-' * 6}long-{number:02}" for number in range(12)]
    product = make_product(tags=tags)
    for cents in (520, 777):
        Price.objects.filter(product=product).update(cents=cents)
        PRODUCTS.refresh([product.pk])
        (row,) = store.whole([product.pk])
        assert (row["price"], sorted(row["tags"].strip("|").split("|"))) == (cents, tags)
        for tag in tags:
            assert documents.ids(documents.matching(None, [tag]), "name", 0, 9) == (1, [product.pk])


def test_a_build_that_is_settled_late_leaves_a_newer_document_its_places_to_leave(store):
    left = [["l:products:1::price", "loaf|5"]]
    put(store, 5, 11, left=left)
    store.settle({5: Built(10, None)})
    assert store.whole([5])[0]["left"] == left
    store.settle({5: Built(11, None)})
    assert store.whole([5])[0]["left"] == []


def test_in_the_tables_too_who_inserts_after_somebody_else_is_refused(monkeypatch):
    store, product = SqlStore(DEFAULT_DB_ALIAS), make_product()
    built = PRODUCTS.assemble([product.pk])
    newer = built[product.pk].version + 1
    put(store, product.pk, newer)
    monkeypatch.setattr(SqlStore, "_locked", lambda *asked: {})  # it was not there yet
    assert store.write(built, "form") == {}
    assert store.whole([product.pk])[0]["version"] == newer


def test_only_documents_of_the_form_are_read(store):
    put(store, 5, 10)
    assert [row.pk for row in store.read([5, 6], "form")] == [5]
    assert store.read([5], "other") == []


def test_during_a_move_what_one_store_refuses_counts_as_refused(monkeypatch):
    class Refusing:
        def write(self, built, shape):
            return {}

    product = make_product()
    built = PRODUCTS.assemble([product.pk])
    monkeypatch.setattr(stores, "written", lambda: [stores.of(moving.reads()), Refusing()])
    assert PRODUCTS.persist(built) == {}
    assert not Term.objects.exists()


def test_words_of_an_older_build_are_not_written_over_those_of_a_newer_one():
    product = make_product()
    old = PRODUCTS.assemble([product.pk])
    Product.objects.filter(pk=product.pk).update(name="Rye")
    new = PRODUCTS.assemble([product.pk])
    write_words(new)
    write_words(old)
    assert Term.objects.filter(term="rye").exists()
    assert not Term.objects.filter(term="sourdough").exists()


def test_words_of_what_is_gone_do_not_come_back():
    product = make_product()
    late = PRODUCTS.assemble([product.pk])[product.pk]
    write_words({product.pk: Built(late.version + 1, None)})
    write_words({product.pk: late})
    assert not Term.objects.exists()


def test_a_worker_that_died_between_document_and_words_is_made_good_by_the_next():
    product = make_product()
    built = PRODUCTS.assemble([product.pk])
    documents.write(built, PRODUCTS.shape)
    assert not Term.objects.exists()
    PRODUCTS.persist(built)
    assert Term.objects.filter(term="sourdough").exists()
