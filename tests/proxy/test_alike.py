"""A shop with a proxy and one without answer alike: the same pages, by the same addresses, with the same headers."""

import pytest
from django.core.files.storage import FileSystemStorage
from django.http import HttpResponse
from django.test import RequestFactory

from scaling.folder import Folder
from scaling.served import PublishedMiddleware

from .standin import GZIP

COMPARED = ("Content-Type", "Content-Encoding", "ETag", "Last-Modified", "Cache-Control", "Vary")
ADDRESSES = (
    "/",
    "/shelves/1-bread/",
    "/shelves/1-bread/?page=2",
    "/sitemap.xml",
    "/shelves/1-bread/?page=02",
    "/shelves/1-bread/?page=2&sort=price",
    "/shelves/1-bread/?sort=price",
    "/shelves/v1.0~b/",
    "/shelves/.hidden/",
    "/shelves/2-rolls/",
    "/404.html",
    "/.work/lock-1",
)


@pytest.fixture
def middleware(house, settings, monkeypatch):
    """The shop's own, over the pages of the proxy: written by the store that workers write with."""
    folder = Folder(FileSystemStorage(location=house.folder / "published"), "r2")
    for number, name in enumerate(("index", "shelves/1-bread/index", "shelves/1-bread/page-2", "404"), start=1):
        assert folder.put(f"{name}.html", f"<p>{name}, crêpes</p>".encode(), number)
    assert folder.put("shelves/v1.0~b/index.html", b"dots", 5)
    assert folder.put("sitemap.xml", b"<urlset/>", 6)
    folder.point()
    settings.SERVE_PUBLISHED, settings.PUBLISH = True, "all"
    monkeypatch.setattr("scaling.served.store", lambda: folder)
    return PublishedMiddleware(lambda request: HttpResponse(f"live {request.get_full_path()}"))


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_with_a_proxy_and_without_one(house, middleware, path, headers):
    ours, proxys = middleware(RequestFactory().get(path, headers=headers)), house.ask(path, **headers)
    is_live = ours.content.startswith(b"live ")
    if path.startswith("/."):
        assert (is_live, proxys.status) == (True, 404)
        return
    assert house.is_live(proxys) == is_live
    if not is_live:
        assert proxys.body == ours.content
        assert {name: proxys.headers[name] for name in COMPARED} == {name: ours.get(name) for name in COMPARED}
        tag = {"If-None-Match": ours["ETag"]}
        assert middleware(RequestFactory().get(path, headers=headers | tag)).status_code == 304
        assert house.ask(path, **headers, If_None_Match=ours["ETag"]).status == 304


def test_a_page_that_was_put_or_removed_is_so_for_the_next_visitor(house, middleware):
    folder = Folder(FileSystemStorage(location=house.folder / "published"), "r2")
    for number in range(10, 30, 2):
        old = house.ask("/", **GZIP)
        folder.put("index.html", f"price {number}".encode(), number)
        page = house.ask("/", If_None_Match=old.headers["ETag"], **GZIP)
        assert (page.status, page.text) == (200, f"price {number}")
        folder.remove("shelves/1-bread/index.html", number)
        assert house.is_live(house.ask("/shelves/1-bread/"))
        folder.put("shelves/1-bread/index.html", b"bread", number + 1)
        assert house.ask("/shelves/1-bread/").text == "bread"
