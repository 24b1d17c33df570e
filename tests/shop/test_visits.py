"""Where only some products are published, those are that are looked at most, and they change with the visitors."""

import re

import pytest
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.reconciling import reconcile
from scaling import visits
from scaling.addresses import path_of
from tests.factories import make_product
from tests.servers import wait_until

from .people import work_off

HOST = "http://testserver"


@pytest.fixture(autouse=True)
def two(settings, pages_folder):
    """The two products that are looked at most are published."""
    settings.PUBLISH = "2"


def look_at(client, path, times=1, host=HOST):
    """What the browser of somebody asks who looks at this page; returns how often `cache` was asked."""
    trips = 0
    for _ in range(times):
        answer = client.get(reverse("me"), HTTP_REFERER=f"{host}{path}")
        assert answer.status_code == 200
        trips += int(re.search(r'cache;desc="(\d+) round trips"', answer["Server-Timing"])[1])
    return trips


def counted():
    return visits.most_visited(100)


@pytest.mark.django_db
def test_a_product_that_is_looked_at_is_counted_in_one_round_trip(client):
    assert look_at(client, "/products/1-rye/") == 1
    assert look_at(client, "/products/2-spelt/?from=mail#top", times=2) == 2
    assert counted() == ["/products/2-spelt/", "/products/1-rye/"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/", HOST),
        ("/shelves/1-bread/", HOST),
        ("/products/1-rye/reviews/", HOST),
        ("/products/0-" + "x" * 200 + "/", HOST),
        ("/products/1-rye/", "http://elsewhere.example"),
        ("/products/1-rye/", "http://[broken"),
        ("/products/1-rye/", ""),
    ],
)
def test_of_all_other_pages_nothing_is_asked_or_counted(client, path, host):
    assert look_at(client, path, host=host) == 0
    assert counted() == []


@pytest.mark.django_db
@pytest.mark.parametrize("publish", ["all", "off"])
def test_where_nobody_chooses_it_costs_nothing(client, settings, publish):
    settings.PUBLISH = publish
    assert look_at(client, "/products/1-rye/") == 0
    assert counted() == []


@pytest.mark.django_db
def test_without_the_cache_the_visitor_is_answered_all_the_same(client, monkeypatch):
    def away(*_, **__):
        raise RedisConnectionError("away")

    monkeypatch.setattr("scaling.xray.CacheConnection.send_packed_command", away)
    look_at(client, "/products/1-rye/")


@pytest.mark.django_db(transaction=True)
def test_a_browser_says_which_page_it_looks_at(page):
    path = make_product().get_absolute_url()
    page.goto(path, wait_until="networkidle")
    wait_until(lambda: counted() == [path], what="the count")


def published(folder):
    """The products that are."""
    return {path for name in folder.names() if (path := path_of(name)).startswith("/products/")}


def an_hour_passes():
    reconcile()
    work_off()


@pytest.mark.django_db(transaction=True)
def test_the_most_visited_are_published_and_change_with_the_visitors(client, pages_folder):
    rye, spelt, oat = (make_product(name).get_absolute_url() for name in ("Rye", "Spelt", "Oat"))
    work_off()
    for path, times in ((rye, 3), (spelt, 2), (oat, 1)):
        look_at(client, path, times)
    an_hour_passes()
    assert published(pages_folder) == {rye, spelt}
    assert b"Oat" in client.get(oat).content
    look_at(client, oat, times=9)
    an_hour_passes()
    assert published(pages_folder) == {oat, rye}
    assert b"Spelt" in client.get(spelt).content
