"""The application consumes the latest cached object and hardly ever touches the database."""

import pytest
from django.conf import settings
from django.urls import reverse
from redis.exceptions import ConnectionError

from products.data import ARTICLES, CATEGORIES, PRODUCTS
from products.models import Product
from scaling.behind import behind

from ..factories import make_article, make_category, make_product, make_review, make_user, steve
from ..servers import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    product = make_product(tags=["Vegan", "No nuts"])
    for number in range(3):
        product.related.add(make_product(f"Bagel {number}"))
    make_review(product, make_user("Maya"))
    make_article()
    return product


def cost_of(response):
    """Server-Timing as {name: description}."""
    parts = (part.partition(";desc=") for part in response["Server-Timing"].split(", "))
    return {name: description.strip('"') for name, _, description in parts}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/shelves/",
        "/shelves/?sort=-price&page=1",
        "/shelves/?tag=vegan",
        "shelf",
        "product",
        "/journal/",
        "article",
    ],
)
def test_a_second_visit_makes_no_queries_and_one_round_trip(client, loaf, path):
    named = {"shelf": loaf.category.get_absolute_url(), "product": loaf.get_absolute_url()}
    path = make_article(title="Rye").get_absolute_url() if path == "article" else named.get(path, path)
    client.get(path)
    assert behind.wait(PATIENCE_SECONDS)
    client.get(path)
    response = client.get(path)
    assert response.status_code == 200
    cost = cost_of(response)
    assert cost["sql-default"] == cost[f"sql-{settings.REPLICAS[0]}"] == "0 statements"
    assert cost["cache"] == "1 round trips"
    assert cost["keep"] == "0 round trips"


def test_a_signed_in_visit_costs_the_same(client, loaf):
    client.force_login(steve())
    client.get(loaf.get_absolute_url())
    assert behind.wait(PATIENCE_SECONDS)
    cost = cost_of(client.get(loaf.get_absolute_url()))
    assert cost["sql-default"] == cost[f"sql-{settings.REPLICAS[0]}"] == "0 statements"
    assert cost["cache"] == "1 round trips"


def test_a_page_says_the_age_and_version_of_what_it_shows(client, loaf):
    client.get(loaf.get_absolute_url())
    version = PRODUCTS.peek(loaf.pk).version
    assert cost_of(client.get(loaf.get_absolute_url()))[f"product-{loaf.pk}"].startswith(f"version {version} age 0.")


def test_everybody_gets_the_same_bytes(client, loaf):
    client.get(loaf.get_absolute_url())
    anonymous = client.get(loaf.get_absolute_url())
    client.force_login(steve())
    assert client.get(loaf.get_absolute_url()).content == anonymous.content
    assert "Set-Cookie" not in anonymous.headers
    assert not anonymous.cookies


def test_a_wrong_slug_leads_to_the_right_one(client, loaf):
    response = client.get(f"/products/{loaf.pk}-old-name/?a=b")
    assert (response.status_code, response["Location"]) == (301, f"{loaf.get_absolute_url()}?a=b")
    shelf = client.get(f"/shelves/{loaf.category_id}-old/")
    assert (shelf.status_code, shelf["Location"]) == (301, loaf.category.get_absolute_url())


@pytest.mark.parametrize(
    "path",
    [
        "/products/999-nothing/",
        "/products/99999999999999999999-nothing/",
        "/shelves/999-nothing/",
        "/journal/999-nothing/",
        "/nothing/",
        *(f"/shelves/?page={bad}" for bad in ("0", "-1", "x", "2", "99999999999", "1.5", "٣", "%00")),
    ],
)
def test_what_is_not_there_is_a_404_that_looks_like_the_shop(client, loaf, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "Steve’s Bakery" in response.content.decode()


@pytest.mark.parametrize(
    "query", ["sort=evil", "tag='--", "tag=" + "x" * 5000, "in=maybe", "tag=a&tag=b&tag=c&tag=d&tag=e"]
)
def test_nonsense_in_the_query_is_harmless(client, loaf, query):
    assert client.get(f"/shelves/?{query}").status_code == 200


def test_a_shelf_is_sorted_sieved_and_turned_like_pages(client):
    bread = make_category("Bread")
    for number in range(30):
        make_product(
            f"Loaf {number:02}",
            price=100 + number,
            category=bread,
            tags=["Even"] if number % 2 == 0 else ["Odd", "Thick"],
        )
    make_product("Gone", price=1, category=bread, stock=0, tags=["Odd"])
    PRODUCTS.refresh(Product.objects.values_list("pk", flat=True))

    def names(query):
        response = client.get(f"{bread.get_absolute_url()}?{query}")
        text = response.content.decode()
        return [name for number in range(31) if (name := f"Loaf {number:02}") in text] + (
            ["Gone"] if "Gone" in text else []
        )

    assert len(names("sort=price")) == 24
    assert names("sort=price&page=2") == [f"Loaf {number}" for number in range(23, 30)]
    assert names("sort=-price&page=2") == [f"Loaf {number:02}" for number in range(6)] + ["Gone"]
    assert "Loaf 01" not in names("tag=even")
    assert names("tag=odd&tag=thick&in=1") == [f"Loaf {number:02}" for number in range(1, 30, 2)]
    assert "Gone" not in names("tag=odd&in=1")


def test_with_the_cache_away_the_catalogue_still_answers(client, loaf, monkeypatch):
    PRODUCTS.refresh([loaf.pk])

    def away(*args):
        raise ConnectionError("refused")

    monkeypatch.setattr("scaling.lua._evaluate", away)
    for path in ("/", "/shelves/", loaf.get_absolute_url(), loaf.category.get_absolute_url(), "/journal/"):
        assert client.get(path).status_code == 200, path


def test_the_sitemap_names_every_page_and_robots_the_private_ones(client, loaf):
    text = client.get("/sitemap.xml").content.decode()
    assert loaf.get_absolute_url() in text
    assert "/account/" in client.get("/robots.txt").content.decode()


def test_reviews_are_turned_like_pages(client, loaf):
    for number in range(25):
        make_review(loaf, make_user(f"Guest {number}"), body=f"Crumb number {number}.")
    PRODUCTS.refresh([loaf.pk])
    path = reverse("product_reviews", args=[loaf.pk, loaf.slug])
    assert client.get(path).content.decode().count("Crumb number") == 20
    assert client.get(f"{path}?page=2").status_code == 200
    assert client.get(f"{path}?page=3").status_code == 404


def test_objects_are_built_again_by_a_worker_not_by_a_reader(client, loaf):
    CATEGORIES.refresh([loaf.category_id])
    ARTICLES.refresh([1])
    assert ARTICLES.peek(999_999) is None
