"""Published pages where no proxy stands in front: the file, before anybody else is asked."""

import gzip
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from scaling import served
from scaling.folder import Folder
from scaling.served import PublishedMiddleware

PAGE = b"<!doctype html><title>Bread</title>" + b"<p>Crust</p>" * 50
ASKS = RequestFactory()


@pytest.fixture
def folder(settings, tmp_path, monkeypatch):
    settings.PUBLISH, settings.SERVE_PUBLISHED = "all", True
    folder = Folder(SimpleNamespace(location=tmp_path), "r1")
    folder.point()
    monkeypatch.setattr(served, "store", lambda: folder)
    for name in ("index.html", "shelves/index.html", "shelves/page-2.html", "sitemap.xml", "404.html"):
        folder.put(name, PAGE, 1)
    return folder


def answer(path, *, method="get", cookies=None, **headers):
    request = getattr(ASKS, method)(path, headers=headers)
    request.COOKIES |= cookies or {}
    return PublishedMiddleware(lambda _: HttpResponse("live"))(request)


def test_the_file_is_sent_as_it_lies_there(folder):
    found = answer("/shelves/", accept_encoding="gzip, br")
    assert gzip.decompress(found.content) == PAGE
    assert (found["Content-Encoding"], found["Content-Type"]) == ("gzip", "text/html; charset=utf-8")
    assert (found["Cache-Control"], found["Vary"]) == ("no-cache", "Accept-Encoding")
    assert int(found["Content-Length"]) == len(found.content)
    assert not found.cookies


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, br", "nogzip"])
def test_who_cannot_unpack_gets_it_unpacked(folder, accepted):
    found = answer("/", accept_encoding=accepted)
    assert (found.content, found.has_header("Content-Encoding")) == (PAGE, False)


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, gzip;q=0.8", "*", "deflate,x-gzip"])
def test_who_can_unpack_gets_it_packed(folder, accepted):
    assert answer("/", accept_encoding=accepted)["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_who_has_it_is_told_so(folder, encoding):
    etag = answer("/", accept_encoding=encoding)["ETag"]
    again = answer("/", accept_encoding=encoding, if_none_match=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    folder.put("index.html", PAGE + b"!", 2)
    assert answer("/", accept_encoding=encoding, if_none_match=etag).status_code == 200


def test_other_pages_of_a_listing_and_other_kinds_of_file(folder):
    assert answer("/shelves/?page=2").content == PAGE
    assert answer("/sitemap.xml")["Content-Type"] == "application/xml; charset=utf-8"
    assert answer("/", method="head").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/shelves/?page=3",
        "/shelves/?page=02",
        "/shelves/?sort=price",
        "/shelves/?page=2&sort=price",
        "/index.html",
        "/shelves/index.html",
        "/shelves/page-2.html",
        "/404.html",
        "/basket/",
        "/../r1/index.html",
        "/%2e%2e/r1/index.html",
        "/.work/",
    ],
)
def test_everything_else_is_served_live(folder, path):
    assert answer(path).content == b"live"


def test_what_is_sent_is_served_live(folder):
    assert answer("/", method="post").content == b"live"


def test_who_has_written_sees_the_live_page(folder):
    assert answer("/", cookies={"causal-0123456789abcdef": "x"}).content == b"live"
    assert answer("/", cookies={"sessionid": "x"}).content == PAGE


def test_a_page_that_is_gone_is_served_live(folder):
    folder.remove("index.html", 2)
    assert answer("/").content == b"live"
