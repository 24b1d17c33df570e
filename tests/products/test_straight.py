"""Listings from the tables are those of the documents."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from products import documents, straight
from products.data import PRODUCTS
from products.models import Price, Product

from ..factories import make_category, make_product, make_promotion, make_review, make_user, steve

pytestmark = pytest.mark.django_db


@pytest.fixture
def cakes():
    """The id of a category; all that is different about products is somewhere in the shop."""
    cakes = make_category("Cakes")
    plain = make_product("Rye", price=300, tags=["Vegan"], baked_at=time(6, 30))
    make_product("rye", price=300, tags=["Vegan", "Gluten free"], stock=0, baked_at=time(6, 30))
    offered = make_product("Éclair", price=500, category=cakes, tags=["Gluten free"], baked_at=time(9))
    make_promotion(offered, 200)
    rated = make_product("Zuger Torte", price=250, category=cakes, stock=2, tags=["Vegan"])
    make_review(rated, steve(), rating=4)
    make_review(rated, make_user("Ana"), rating=5)
    make_review(plain, steve(), rating=1, is_hidden=True)
    make_product("Hidden", category=cakes, is_published=False)
    make_product("Free", category=cakes, price=None)
    ended = make_product("Pie", price=900, tags=["Vegan"], category=cakes, stock=0)
    yesterday = timezone.now() - timedelta(days=1)
    Price.objects.create(product=ended, cents=1, starts_at=yesterday - timedelta(1), ends_at=yesterday)
    PRODUCTS.refresh(Product.objects.values_list("pk", flat=True))
    return cakes.pk


@pytest.mark.parametrize("sort", documents.ORDERS)
def test_every_order_and_filter_finds_the_same(cakes, sort):
    for category in (None, cakes):
        for tags in ([], ["vegan"], ["vegan", "gluten-free"]):
            for in_stock in (False, True):
                found = documents.matching(category, tags, in_stock=in_stock)
                expected = documents.ids(found, sort, 0, 99)
                assert straight.ids(category, tags, sort, 0, 99, in_stock=in_stock) == expected
    assert documents.ids(documents.matching(None), sort, 0, 99)[0] == 5


def test_a_page_in_the_middle_is_cut_out(cakes):
    total, ids = straight.ids(None, [], "name", 0, 99)
    assert straight.ids(None, [], "name", 1, 2) == (total, ids[1:3])
