"""A product stands in the listings where it belongs and nowhere else, also when the cache has forgotten its past."""

import pytest

from jobs.versions import versions_of
from products import documents
from products.data import ARTICLES, CATEGORIES, JOURNAL, PRODUCTS, SHELVES
from products.models import Category, Product
from products.shelf import listing_of
from scaling.cache import fetch
from scaling.stores import cache

from ..factories import make_article, make_category, make_price, make_product
from ..shop.people import work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def bread():
    return make_category("Bread")


@pytest.fixture
def cakes():
    return make_category("Cakes")


@pytest.fixture
def loaf(bread, cakes):
    """A product whose listings are all there."""
    product = make_product(category=bread, tags=["Vegan"])
    refresh(product, make_product("Bagel", category=bread), make_product("Tart", category=cakes))
    for category in (None, bread.pk, cakes.pk):
        for sort in documents.SORTS:
            for tag in ("", "vegan"):
                shown(category, sort, tag)
    return product


def refresh(*products):
    PRODUCTS.refresh([product.pk for product in products])


def shown(category, sort="price", tag=""):
    """Names as they are listed; they must be as many as the listing counts."""
    (goods,) = fetch(listing_of(category, tag, sort).slice(0, 99))
    names = [card["name"] for card in goods.cards]
    assert len(names) == goods.total
    return names


def test_one_that_was_evicted_and_then_moved_and_renamed_stands_in_its_new_places_alone(loaf, bread, cakes):
    cache().delete(PRODUCTS.key(loaf.pk))
    Product.objects.filter(pk=loaf.pk).update(category=cakes, name="Apple cake")
    refresh(loaf)
    assert shown(bread.pk) == ["Bagel"]
    assert sorted(shown(cakes.pk)) == ["Apple cake", "Tart"]
    assert shown(None, "name") == ["Apple cake", "Bagel", "Tart"]
    assert shown(None, "name", "vegan") == ["Apple cake"]


def test_one_that_was_evicted_and_then_deleted_stands_nowhere(loaf, bread):
    cache().delete(PRODUCTS.key(loaf.pk))
    pk = loaf.pk
    loaf.delete()
    PRODUCTS.refresh([pk])
    assert shown(bread.pk) == ["Bagel"]
    assert shown(None, "name", "vegan") == []


def test_a_worker_that_died_after_the_document_was_written_has_lost_nothing(loaf, bread, cakes):
    Product.objects.filter(pk=loaf.pk).update(category=cakes, name="Apple cake")
    PRODUCTS.persist(PRODUCTS.assemble([loaf.pk]))
    cache().delete(PRODUCTS.key(loaf.pk))
    refresh(loaf)
    assert shown(bread.pk) == ["Bagel"]
    assert shown(None, "name") == ["Apple cake", "Bagel", "Tart"]


def test_a_reader_that_builds_moves_nothing_and_the_worker_after_it_everything(loaf, bread, cakes):
    for name in ("Second", "Third"):
        cache().delete(PRODUCTS.key(loaf.pk))
        Product.objects.filter(pk=loaf.pk).update(category=cakes, name=name)
        assert PRODUCTS.get(loaf.pk)["name"] == name
    refresh(loaf)
    assert shown(None, "name") == ["Bagel", "Tart", "Third"]
    assert shown(bread.pk) == ["Bagel"]


def test_an_entry_is_moved_also_when_its_object_was_evicted_in_the_middle(loaf, monkeypatch):
    make_price(loaf, 1)
    first, persist = iter([True]), PRODUCTS.persist

    def evicting(built):
        if next(first, False):
            cache().delete(PRODUCTS.key(loaf.pk))
        return persist(built)

    monkeypatch.setattr(PRODUCTS, "persist", evicting)
    refresh(loaf)
    assert shown(None, "price")[0] == loaf.name


def test_what_stands_there_and_is_absent_is_taken_out_by_who_meets_it(loaf, bread):
    cache().zadd(documents.listing_key(bread.pk, "", "price"), {"ghost|999": 1})
    (goods,) = fetch(listing_of(bread.pk, "", "price").slice(0, 99))
    assert goods.total == 3
    assert len(shown(bread.pk)) == 2


def test_a_category_or_article_that_is_gone_leaves_its_listing_also_if_the_cache_has_forgotten_its_place():
    for kind, listing, row in ((CATEGORIES, SHELVES, make_category("Cakes")), (ARTICLES, JOURNAL, make_article())):
        listing.rebuild()
        pk = row.pk
        assert cache().zcard(listing.key) == 2
        row.delete()
        kind.refresh([pk])
        assert cache().zcard(listing.key) == 1


def test_search_follows_the_name_of_a_category():
    product = make_product(category=make_category("Bread"))
    PRODUCTS.refresh([product.pk])
    before = versions_of("product", [product.pk], "default")[product.pk]
    Category.objects.update(name="Viennoiserie")
    work_off()
    assert versions_of("product", [product.pk], "default")[product.pk] > before
