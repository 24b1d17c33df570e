"""A published page is a file; whatever is not exactly its address is the clones'."""

import os

import pytest

from .standin import GZIP, connect, everything

PAGES = {
    "/": "the first page",
    "/shelves/1-bread/": "bread",
    "/shelves/1-bread/?page=2": "more bread",
    "/sitemap.xml": "<urlset/>",
}
LIVE = (
    "/?page=2",  # nobody has published it
    "/?page=02",
    "/shelves/1-bread/?page=02",
    "/shelves/1-bread/?page=0",
    "/shelves/1-bread/?page=2&sort=price",
    "/shelves/1-bread/?page=2&page=2",
    "/shelves/1-bread/?page=%32",
    "/shelves/1-bread/?sort=price",
    "/shelves/1-bread/?",
    "/sitemap.xml?page=2",
    "/shelves/1-bread",
    "/shelves/2-rolls/",
    "/shelves/1-bread/index.html",
    "/shelves/1-bread/index.html.gz",
    "/shelves/1-bread/page-2.html",
    "/index.html",
    "/404.html",
    "/503.html",
    "/shelves/.hidden/",
    "/gone/",
    "/gone/index.html.gone",
    "//",
    "/shelves//1-bread/",
    "/shelves/./1-bread/",
    "/shelves/../",
    "/%73helves/1-bread/",
    "/shelves%2F1-bread/",
    "/shelves/1-bread/%2e/",
    "/search/?q=a%20b%2Fc",
    "/account/",
)


@pytest.mark.parametrize(("path", "text"), PAGES.items())
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_a_page_that_is_published_asks_no_clone(house, path, text, headers):
    answer = house.ask(path, **headers)
    assert (answer.status, answer.text) == (200, text)
    assert answer.headers["Content-Encoding"] == ("gzip" if headers else None)
    assert house.asked() == []


def test_a_page_says_which_release_has_made_it(house):
    answer = house.ask("/shelves/1-bread/")
    assert (answer.headers["X-Clone"], answer.headers["X-Release"]) == ("proxy", "r1")


@pytest.mark.parametrize("path", LIVE)
def test_every_other_address_goes_to_a_clone_as_it_was_sent(house, path):
    house.lay("published/r1/gone/index.html.gone", b"")
    house.publish("shelves/.hidden/index.html", "nobody's")
    answer = house.ask(path)
    assert (answer.status, answer.body) == (200, f"live {path}".encode())
    assert [each.path for each in house.asked()] == [path]


@pytest.mark.parametrize("number", ["0", "02", "123456", "-1", "2a", "%32", ""])
def test_what_is_no_number_of_a_page_is_live_even_if_there_were_such_a_file(house, number):
    house.publish(f"shelves/1-bread/page-{number}.html", "what is this?")
    assert house.is_live(house.ask(f"/shelves/1-bread/?page={number}"))


def test_what_a_page_says_of_itself(house):
    page = house.ask("/", **GZIP)
    file = (house.folder / "published/r1/index.html.gz").stat()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["ETag"] == f'"{int(file.st_mtime):x}-{file.st_size:x}"'
    assert int(page.headers["Content-Length"]) == file.st_size
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers.get_all("Vary") == ["Accept-Encoding"]
    assert page.headers["Last-Modified"]
    assert page.headers["Server"] == "nginx"
    assert page.headers["Set-Cookie"] is None
    assert house.ask("/sitemap.xml").headers["Content-Type"] == "application/xml; charset=utf-8"


@pytest.mark.parametrize("how", ["gzip;q=0", "identity", "br"])
def test_who_cannot_unpack_gets_it_unpacked(house, how):
    page = house.ask("/", Accept_Encoding=how)
    assert (page.body, page.headers["Content-Encoding"]) == (b"the first page", None)
    assert page.headers.get_all("Vary") == ["Accept-Encoding"]


def test_who_asks_through_another_proxy_gets_it_packed(house):
    assert house.ask("/", Via="1.1 somewhere", **GZIP).headers["Content-Encoding"] == "gzip"


def test_who_speaks_an_older_http_gets_it_packed(house):
    with connect(house) as visitor:
        visitor.sendall(b"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n")
        assert b"\r\nContent-Encoding: gzip\r\n" in everything(visitor)


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_what_one_has_already_is_not_sent_again(house, headers):
    first = house.ask("/", **headers)
    again = house.ask("/", If_None_Match=first.headers["ETag"], **headers)
    assert (again.status, again.body) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"
    assert again.headers.get_all("Vary") == ["Accept-Encoding"]
    assert house.ask("/", If_Modified_Since=first.headers["Last-Modified"], **headers).status == 304
    other = house.publish("index.html", "another first page")
    os.utime(other, (other.stat().st_mtime + 1,) * 2)
    assert house.ask("/", If_None_Match=first.headers["ETag"], **headers).status == 200
    assert house.asked() == []


def test_head_is_a_page_without_its_body(house):
    head, page = house.ask("/", "HEAD", **GZIP), house.ask("/", **GZIP)
    assert (head.status, head.body) == (200, b"")
    of_this_answer = {"Date", "X-Request-ID"}
    assert set(head.headers) == set(page.headers) > of_this_answer
    assert {name for name in head.headers if head.headers[name] != page.headers[name]} <= of_this_answer
    assert house.asked() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_who_changes_something_is_passed_to_a_clone(house, method):
    answer = house.ask("/", method, body=b"n=1")
    assert house.is_live(answer)
    assert [(each.method, each.path, each.body) for each in house.asked()] == [(method, "/", b"n=1")]


@pytest.mark.parametrize("cookie", ["causal-12ab=x", "a=1; causal-12ab=x", "a=1;causal-12ab=x", "causal-="])
def test_who_has_written_shortly_before_meets_a_clone(house, cookie):
    assert house.is_live(house.ask("/", Cookie=cookie))
    assert [each.headers["Cookie"] for each in house.asked()] == [cookie]


def test_such_a_cookie_may_come_in_a_second_header(house):
    with connect(house) as visitor:
        visitor.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: a=1\r\nCookie: causal-12ab=x\r\n\r\n"
        )
        assert everything(visitor).endswith(b"live /")


@pytest.mark.parametrize("cookie", ["sessionid=x", "acausal-12ab=x", "a=causal-12ab", "theme=causal-"])
def test_any_other_cookie_changes_nothing(house, cookie):
    assert house.ask("/", Cookie=cookie).text == "the first page"
    assert house.asked() == []


def test_without_a_pointer_everything_is_live(house):
    (house.folder / "published/current").unlink()
    assert house.is_live(house.ask("/"))
    house.point("r1")
    assert house.ask("/").text == "the first page"
