"""With every clone stopped the catalogue is still there, and the rest says so plainly."""

import json

import pytest
from django.test import RequestFactory
from django.urls import resolve, reverse

from shop.views.answers import wants_json
from shop.views.errors import ORDERING, unavailable_page

from .standin import GZIP

JSON = {"Accept": "application/json"}
ACCEPTS = (
    "application/json",
    "application/json, text/plain, */*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html, application/json;q=0.5",
    "image/webp,*/*",
    "*/*",
)


@pytest.mark.parametrize("cookie", ["sessionid=x", "causal-12ab=x"])
@pytest.mark.parametrize(("path", "text"), [("/", "the first page"), ("/shelves/1-bread/?page=2", "more bread")])
def test_published_pages_are_shown_to_everybody(house_alone, path, text, cookie):
    for headers in ({}, GZIP):
        answer = house_alone.ask(path, Cookie=cookie, **headers)
        assert (answer.status, answer.text) == (200, text)
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers.get_all("Vary") == ["Accept-Encoding"]
    tag = answer.headers["ETag"]
    assert house_alone.ask(path, Cookie=cookie, If_None_Match=tag).status == 304
    head = house_alone.ask(path, "HEAD", Cookie=cookie)
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/account/", "GET"),
        ("/search/?q=rye", "GET"),
        ("/checkout/", "POST"),
        ("/", "POST"),
        ("/media/x.webp", "GET"),
    ],
)
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_everything_else_asks_for_a_moment(house_alone, path, method, headers):
    answer = house_alone.ask(path, method, **headers)
    assert (answer.status, answer.text) == (503, "the dough is resting")
    assert answer.headers["Retry-After"] == "20"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["ETag"] is None
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_head_is_told_so_without_a_body(house_alone):
    answer = house_alone.ask("/account/", "HEAD")
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (503, b"", "20")


@pytest.mark.parametrize("name", [*sorted(ORDERING), "account", "search", "jobs_mine", "news"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_script_is_told_what_the_shop_would_tell_it(house_alone, name, method):
    path = reverse(name, args=["abc"] if name == "job_basket" else [])
    request = RequestFactory().generic(method, path, headers=JSON)
    request.resolver_match = resolve(path)
    answer = house_alone.ask(path, method, **JSON)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/json")
    assert json.loads(answer.body) == json.loads(unavailable_page(request).content)
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("20", "no-store")


@pytest.mark.parametrize("accept", ACCEPTS)
def test_who_is_a_script_is_judged_as_the_shop_does(house_alone, accept):
    is_script = wants_json(RequestFactory().get("/account/", headers={"Accept": accept}))
    answer = house_alone.ask("/account/", Accept=accept)
    assert (answer.headers["Content-Type"] == "application/json") == is_script


def test_a_static_file_that_nobody_has_is_not_there(house_alone):
    house_alone.lay("static/shop.css", b"a{}")
    assert house_alone.ask("/static/shop.css").body == b"a{}"
    missing = house_alone.ask("/static/missing.css")
    assert (missing.status, missing.text) == (404, "nothing in this bag")
    assert missing.headers["Cache-Control"] == "no-store"
    assert missing.headers["Content-Type"] == "text/html; charset=utf-8"


def test_without_a_page_for_it_the_status_is_the_same(house_alone):
    (house_alone.folder / "published/current").unlink()
    answer = house_alone.ask("/")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "20")
    assert house_alone.ask("/checkout/", "POST").status == 503
    assert house_alone.ask("/static/missing.css").status == 404
    assert house_alone.ask("/.env").status == 404


def test_it_may_be_told_that_there_are_no_clones(own_house):
    own_house.proxy.reload()
    assert own_house.ask("/").text == "the first page"
    assert own_house.ask("/account/").status == 503
    own_house.proxy.reload(own_house.clones[0].address)
    assert own_house.is_live(own_house.ask("/account/"))
