"""Joins in the application: what a page shows of others is theirs, read with it, and nothing is copied."""

import pytest
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import User
from jobs.models import Outbox
from products.data import CATEGORIES, MOST_SHELVES, PRODUCTS
from products.models import Category, Document
from products.views import product
from scaling.behind import behind
from scaling.replicas import unit_of_work
from scaling.xray import measured

from ..factories import make_category, make_product, make_review, make_user
from ..servers import PATIENCE_SECONDS
from ..shop.people import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    """One with a category, a neighbour and a review, and all of them built."""
    loaf = make_product(category=make_category("Country loaves"))
    loaf.related.add(make_product("Bagel"))
    make_review(loaf, make_user("Maya"))
    work_off()
    return loaf


def page_of(client, loaf):
    return client.get(loaf.get_absolute_url()).content.decode()


def stored(loaf):
    return Document.objects.values_list("version", "data").get(pk=loaf.pk)


def test_category_neighbours_and_authors_come_in_the_round_trip_of_the_product(client, rf, loaf):
    page_of(client, loaf)
    assert behind.wait(PATIENCE_SECONDS)
    with unit_of_work(), measured() as cost:
        html = product(rf.get("/"), loaf.pk, loaf.slug).content.decode()
    assert (sum(cost.sql.values()), cost.trips["cache"]) == (0, 1)
    assert all(name in html for name in ("Country loaves", "Bagel", "Maya"))


def test_no_name_of_another_stands_in_the_document(loaf):
    whole = str(stored(loaf))
    assert not any(name in whole for name in ("Country loaves", "Bagel", "Maya"))


def test_an_author_who_is_renamed_is_so_on_every_page_and_no_product_is_built(client, loaf):
    before = stored(loaf)
    User.objects.filter(name="Maya").update(name="Mia")
    assert not Outbox.objects.filter(subject__startswith="product:").exists()
    work_off()
    assert "Mia" in page_of(client, loaf)
    assert "Mia" in client.get(reverse("product_reviews", args=[loaf.pk, loaf.slug])).content.decode()
    assert stored(loaf) == before


def test_a_category_that_is_renamed_is_so_on_every_page_before_its_products_are_looked_at(client, loaf):
    Category.objects.filter(pk=loaf.category_id).update(name="Village loaves")
    CATEGORIES.refresh([loaf.category_id])
    assert "Village loaves" in page_of(client, loaf)


def test_a_category_too_many_for_the_header_stands_on_the_pages_of_its_products(client):
    for number in range(MOST_SHELVES):
        make_category(f"Shelf {number}")
    loaf = make_product(category=make_category("The last shelf", position=99))
    assert "The last shelf" in page_of(client, loaf)


def test_a_review_by_somebody_whose_account_is_closed_has_no_name(client, loaf):
    User.objects.filter(name="Maya").update(is_active=False)
    work_off()
    html = page_of(client, loaf)
    assert "Somebody who has left" in html
    assert "Maya" not in html


def test_with_the_cache_away_names_are_looked_up_by_key(client, loaf, monkeypatch):
    monkeypatch.setattr("scaling.lua.run", _is_away)
    html = page_of(client, loaf)
    assert all(name in html for name in ("Country loaves", "Bagel", "Maya"))


def _is_away(*args):
    raise RedisConnectionError


def test_what_a_product_names_is_compared_by_the_sampler(loaf):
    assert PRODUCTS.durable([loaf.pk])[loaf.pk].refs == PRODUCTS.assemble([loaf.pk])[loaf.pk].refs
