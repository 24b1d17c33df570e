"""The search page and its suggestions, from the worker that stores the index to the answer."""

import pytest
from django.urls import reverse

from products.data import PRODUCTS
from products.models import Product
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def croissant():
    product = factories.make_product("Butter croissant", price=290)
    PRODUCTS.refresh([product.pk])
    return product


def find(client, q, **more):
    return client.get(reverse("search"), {"q": q} | more)


def test_what_a_worker_stored_is_found(client, croissant):
    page = find(client, "croissant").content.decode()
    assert "Butter croissant" in page
    assert croissant.get_absolute_url() in page


def test_a_typo_says_what_was_found_instead(client, croissant):
    page = find(client, "crossant").content.decode()
    assert "Butter croissant" in page
    assert "?q=croissant" in page


def test_a_hidden_product_is_gone(client, croissant):
    Product.objects.update(is_published=False)
    PRODUCTS.refresh([croissant.pk])
    assert "Butter croissant" not in find(client, "croissant").content.decode()
    assert client.get(reverse("suggest"), {"q": "cro"}).json() == {"products": [], "words": []}


def test_a_new_name_is_found_and_the_old_one_is_not(client, croissant):
    Product.objects.update(name="Butter crescent")
    PRODUCTS.refresh([croissant.pk])
    assert "Butter crescent" in find(client, "crescent").content.decode()
    assert croissant.get_absolute_url() not in find(client, "croissant").content.decode()


def test_suggestions_are_json_with_price_and_picture(client, croissant):
    answer = client.get(reverse("suggest"), {"q": "cro"}).json()
    url = croissant.get_absolute_url()
    assert answer["products"] == [{"name": "Butter croissant", "url": url, "price": 290, "picture": ""}]
    assert answer["words"] == ["croissant"]


ASKED = ["", " ", "x" * 10_000, "%", "\x00", "<script>alert(1)</script>", "🥐", "\u202eخبز", "' OR 1=1 --"]


@pytest.mark.parametrize("q", ASKED)
def test_whatever_is_asked_the_page_opens(client, q):
    answer = find(client, q)
    assert answer.status_code == 200
    assert b"<script>alert" not in answer.content
    assert client.get(reverse("suggest"), {"q": q}).status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "9" * 50])
def test_a_page_that_is_none_is_not_found(client, croissant, page):
    assert find(client, "croissant", page=page).status_code == 404


def test_only_reading_is_allowed(client):
    assert client.post(reverse("search")).status_code == 405


def test_the_page_holds_nobodys_data(client, croissant):
    before = find(client, "croissant")
    client.force_login(factories.steve())
    after = find(client, "croissant")
    assert before.content == after.content
    assert not after.cookies
