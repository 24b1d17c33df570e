"""A cache in front is told which pages are new, and nothing depends on whether it listens."""

import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scaling import purging
from scaling.purging import counts, http_purge, purge
from shop.valkeys import free_port
from tests.servers import listens


class Cache(ThreadingHTTPServer):
    """A cache that notes what it is asked, and over how many connections. `statuses` are its answers, by path."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.statuses, self.connections = [], {}, 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PURGE(self):
        self.server.asked.append(self.path)
        self.send_response(self.server.statuses.get(self.path, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def cache_in_front(settings):
    with Cache() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings.CDN_PURGE_URL, settings.PUBLISHED_PURGE = server.url, "scaling.purging.http_purge"
        yield server
        server.shutdown()
        thread.join()


def warnings_in(caplog):
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_every_page_is_purged_over_one_connection(cache_in_front, caplog):
    purge(["/", "/shelves/1-bread/?page=2", "/sitemap.xml"])
    assert cache_in_front.asked == ["/", "/shelves/1-bread/?page=2", "/sitemap.xml"]
    assert cache_in_front.connections == 1
    assert counts() == (3, 0)
    assert warnings_in(caplog) == []


def test_the_address_may_have_a_path(cache_in_front, settings):
    settings.CDN_PURGE_URL = f"{cache_in_front.url}/zones/7/"
    purge(["/shelves/"])
    assert cache_in_front.asked == ["/zones/7/shelves/"]


def test_a_page_that_the_cache_has_not_got_is_purged(cache_in_front):
    cache_in_front.statuses["/shelves/"] = 404
    purge(["/shelves/"])
    assert counts() == (1, 0)


def test_what_fails_is_told_once_and_counted_and_the_others_are_purged(cache_in_front, caplog):
    cache_in_front.statuses |= {"/a/": 503, "/b/": 405}
    purge(["/a/", "/b/", "/c/"])
    assert cache_in_front.asked == ["/a/", "/b/", "/c/"]
    assert counts() == (1, 2)
    assert warnings_in(caplog) == ["2 of 3 pages were not purged, the first because of: /a/ was answered 503"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "https://127.0.0.1:{}", ""])
def test_nobody_listening_raises_nothing(settings, caplog, url):
    settings.CDN_PURGE_URL = url.format(free_port())
    http_purge(["/a/", "/b/"])
    assert counts() == (0, 2)
    assert len(warnings_in(caplog)) == 1


def test_with_no_time_left_the_rest_is_not_tried(cache_in_front, monkeypatch, caplog):
    monkeypatch.setattr(purging, "TOTAL_SECONDS", -1)
    purge(["/a/", "/b/"])
    assert cache_in_front.asked == []
    assert counts() == (0, 2)
    assert len(warnings_in(caplog)) == 1


def test_an_address_that_cannot_be_sent_fails_alone(cache_in_front):
    purge(["/a b/", "/c/"])
    assert cache_in_front.asked == ["/c/"]
    assert counts() == (1, 1)


def test_a_cache_that_says_nothing_is_not_waited_for(settings, monkeypatch):
    """It takes the connection and never answers; each wait has an end, and so has the whole."""
    monkeypatch.setattr(purging, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(purging, "TOTAL_SECONDS", 0)
    silent = ThreadingHTTPServer(("127.0.0.1", 0), Handler)  # listens, and nobody takes what comes
    with silent:
        settings.CDN_PURGE_URL = f"http://127.0.0.1:{silent.server_port}"
        assert listens(silent.server_port)
        http_purge(["/a/", "/b/"])
    assert counts() == (0, 2)


def test_without_a_hook_nothing_happens(settings, cache_in_front):
    settings.PUBLISHED_PURGE = ""
    purge(["/a/"])
    assert (cache_in_front.asked, counts()) == ([], (0, 0))


def test_with_no_pages_the_hook_is_not_asked(settings):
    settings.PUBLISHED_PURGE = "nowhere.at_all"
    purge([])
