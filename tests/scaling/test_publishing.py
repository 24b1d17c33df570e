"""Names of pages, and what may not be published."""

import pytest
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import path as route

from scaling import pages
from scaling.addresses import name_of, path_of
from scaling.pages import KindError, PrivateError, UnsettledError, Uses, publish, render, unpublish
from scaling.stores import cache
from scaling.uses import note_object, note_total, noted


def with_cookie(request):
    response = HttpResponse("private")
    response.set_cookie("who", "Steve")
    return response


def with_token(request):
    return HttpResponse(get_token(request))


def with_session(request):
    return HttpResponse(request.session["name"])


def moved(request):
    return HttpResponse(status=301, headers={"Location": "/"})


def plain(request):
    return HttpResponse("for everybody")


urlpatterns = [
    route("cookie/", with_cookie),
    route("token/", with_token),
    route("session/", with_session),
    route("moved/", moved),
    route("plain/", plain),
    route("json/", lambda request: JsonResponse({"titles": ["Emma"]})),
    route("feed/", lambda request: HttpResponse("<rss/>", content_type="application/rss+xml; charset=utf-8")),
    route("feed.xml", lambda request: HttpResponse("<rss/>", content_type="application/rss+xml; charset=utf-8")),
    route("robots.txt", lambda request: HttpResponse("Allow: /", content_type="text/plain")),
    route("404.html", lambda request: HttpResponse("lost", status=404)),
    route("lost/", lambda request: HttpResponse("lost", status=404)),
]


class Store(dict):
    """In memory, and it takes everything."""

    def put(self, name, page, number):
        self[name] = page
        return True

    def remove(self, name, number):
        return self.pop(name, None) is not None


@pytest.fixture(autouse=True)
def store(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    store = Store()
    monkeypatch.setattr(pages, "store", lambda: store)
    monkeypatch.setattr(pages, "index", lambda: pages.NO_INDEX)
    return store


NAMES = {
    "/": "index.html",
    "/?page=2": "page-2.html",
    "/shelves/1-bread/": "shelves/1-bread/index.html",
    "/shelves/1-bread/?page=12": "shelves/1-bread/page-12.html",
    "/sitemap.xml": "sitemap.xml",
    "/404.html": "404.html",
}


@pytest.mark.parametrize(("path", "name"), NAMES.items())
def test_every_page_has_a_name_and_every_name_a_page(path, name):
    assert (name_of(path), path_of(name)) == (name, path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "shelves/",
        "//",
        "/a//b/",
        "/../etc/passwd",
        "/a/../b/",
        "/.hidden/",
        "/a/.hidden",
        "/a b/",
        "/ä/",
        "/%2e%2e/",
        "/?page=0",
        "/?page=02",
        "/?page=100000",
        "/?page=2&sort=price",
        "/?sort=price",
        "/sitemap.xml?page=2",
        "/a/\n",
        "/index.html",
        "/a/page-2.html",
        f"/{'a' * 150}/",
    ],
)
def test_what_is_no_plain_address_has_no_name(path):
    assert name_of(path) == ""
    with pytest.raises(ValueError, match="no path that can be published"):
        publish([path])


@pytest.mark.parametrize("path", ["/cookie/", "/token/"])
def test_what_is_not_the_same_for_everybody_is_not_published(path, store):
    with pytest.raises(PrivateError, match=path):
        publish([path])
    assert store == {}


@pytest.mark.parametrize(("path", "kind"), [("/json/", "application/json"), ("/feed/", "application/rss\\+xml")])
def test_what_would_be_served_as_something_else_is_not_published(path, kind, store):
    """A file's kind is told by its name, and `/feed/` is `feed/index.html`."""
    with pytest.raises(KindError, match=f"^{path} is {kind}, and its file would be served as text/html.$"):
        publish([path])
    assert store == {}


@pytest.mark.parametrize("path", ["/feed.xml", "/robots.txt", "/plain/"])
def test_what_its_address_says_is_published(path):
    assert publish([path]) == {path: True}


def test_a_view_that_asks_who_is_there_finds_nobody_to_ask(store):
    with pytest.raises(AttributeError, match="session"):
        publish(["/session/"])


def test_what_is_elsewhere_or_nowhere_is_removed(store):
    store |= {"moved/index.html": b"old", "lost/index.html": b"old", "never/index.html": b"old"}
    assert publish(["/moved/", "/lost/", "/never/"]) == {"/moved/": False, "/lost/": False, "/never/": False}
    assert store == {}


def test_a_page_of_a_status_is_published_under_it(store):
    assert publish(["/404.html", "/plain/"]) == {"/404.html": True, "/plain/": True}
    assert store == {"404.html": b"lost", "plain/index.html": b"for everybody"}
    unpublish(["/plain/"])
    assert store == {"404.html": b"lost"}


def test_one_renders_a_page_at_a_time(store, monkeypatch):
    monkeypatch.setattr(pages, "WAIT_SECONDS", 0)
    cache().set("page:embedded:/plain/", "somebody")
    with pytest.raises(UnsettledError, match="/plain/"):
        publish(["/plain/", "/404.html"])
    assert list(store) == ["404.html"]
    cache().delete("page:embedded:/plain/")
    publish(["/plain/"])
    assert not cache().exists("page:embedded:/plain/"), "nobody waits for who is done"


def test_a_page_that_never_stands_still_is_there_and_done_again(store, monkeypatch):
    read = []

    def restless(path):
        read.append(path)
        return pages.Rendered(b"%d" % len(read), Uses(totals={"l": len(read)}))

    monkeypatch.setattr(pages, "render", restless)
    with pytest.raises(UnsettledError):
        publish(["/plain/"])
    assert store == {"plain/index.html": b"%d" % (1 + pages.LOOKS)}


def test_a_page_that_fails_when_it_is_looked_at_again_stays_as_it_was(store, monkeypatch):
    store["plain/index.html"] = b"old"
    asked = []

    def breaks(path):
        asked.append(path)
        if len(asked) == 2:
            raise ZeroDivisionError("no flour")
        return pages.Rendered(b"new", Uses())

    monkeypatch.setattr(pages, "render", breaks)
    with pytest.raises(ZeroDivisionError):
        publish(["/plain/"])
    assert store == {"plain/index.html": b"old"}


def test_what_is_read_twice_and_not_alike_counts_as_neither():
    with noted() as uses:
        note_object("book", 1, "card", {"title": "Emma"})
        note_object("book", 1, "card", {"title": "Emma"})
        once = dict(uses.objects)
        note_object("book", 1, "card", {"title": "Persuasion"})
        note_total("", 3)
    assert (len(once["book:1", "card"]), uses.objects["book:1", "card"], uses.totals) == (16, "", {})


def test_nothing_is_noted_where_nobody_renders():
    note_object("book", 1, "card", None)
    assert render("/plain/").uses == Uses()
