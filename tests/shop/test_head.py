"""HEAD, as the server meets it: Django's test client takes bodies away by itself."""

from wsgiref.util import setup_testing_defaults

import pytest
from django.contrib.staticfiles import finders
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse
from django.test import RequestFactory

from shop.head import HeadMiddleware

from ..factories import make_product

pytestmark = pytest.mark.django_db(transaction=True)  # a request outside of the test client ends connections


@pytest.fixture
def application():
    return WSGIHandler()


def asked(application, method, path):
    """Status with headers, and body."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path}
    setup_testing_defaults(environ)
    told = {}
    parts = application(environ, lambda status, headers: told.update({"status": status} | dict(headers)))
    return told, b"".join(parts)


PATHS = {"/": "200 OK", "/shelves/": "200 OK", "/account/sign-in/": "200 OK", "/nothing-here/": "404 Not Found"}


@pytest.mark.parametrize("is_away", [False, True], ids=["with the cache", "with the cache away"])
@pytest.mark.parametrize(("path", "status"), PATHS.items(), ids=PATHS)
def test_head_is_answered_as_get_is_without_the_body(application, path, status, is_away, monkeypatch):
    make_product()
    monkeypatch.setattr("scaling.breaker.CACHE.is_open", is_away)
    got, body = asked(application, "GET", path)
    told, nothing = asked(application, "HEAD", path)
    assert (nothing, told["status"], got["status"]) == (b"", status, status)
    assert len(body) > 0
    assert told.get("Content-Length") == got.get("Content-Length")


def test_a_file_is_not_sent_either():
    sent = FileResponse(open(finders.find("mark.svg"), "rb"))  # noqa: SIM115, the answer closes it
    answer = HeadMiddleware(lambda request: sent)(RequestFactory().head("/"))
    assert (list(answer), answer.file_to_stream) == ([], None)
    assert int(answer["Content-Length"]) > 0
    answer.close()
