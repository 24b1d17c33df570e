"""Clones: one id for all that a request sets going, on whichever clone, relay and worker.

The proxy gives each request an id; whoever asks a clone directly may bring one. It stands in every line that is
logged meanwhile, goes into the outbox with what the request has left to do, and comes out in the worker that does it.
Without it ten logs of ten machines tell ten stories.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from . import traffic, xray

HEADER = "X-Request-ID"
FITS = re.compile(r"[A-Za-z0-9-]{8,64}")
MS = 1000  # in a second
UNTOLD = {"token"}  # arguments of views: whoever reads one may do what its owner may

log = logging.getLogger(__name__)
_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Of the request that is answered, or whose task is done; empty when nobody has asked for it."""
    return _request_id.get()


@contextmanager
def on_behalf_of(identity: str) -> Iterator[None]:
    """Inside the block everything is done for the request with this id."""
    token = _request_id.set(identity)
    try:
        yield
    finally:
        _request_id.reset(token)


class RequestMiddleware:
    """Right after `XrayMiddleware`: gives the request its id, counts it (`scaling.traffic`), and tells of it in one
    line where the logger `scaling.requests` is at INFO."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started, identity = time.perf_counter(), _id_of(request)
        with on_behalf_of(identity):
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            traffic.count(_view_of(request), response.status_code, seconds, xray.current())
            if log.isEnabledFor(logging.INFO):
                _tell(request, response, seconds)
        response[HEADER] = identity
        return response


def path_of(request: HttpRequest) -> str:
    """Its path as it may stand in a log: in one line, and without a token that serves whoever reads it."""
    path = escape_uri_path(request.path)
    told = request.resolver_match.kwargs if request.resolver_match else {}
    for name in UNTOLD & told.keys():
        path = path.replace(escape_uri_path(str(told[name])), "…")
    return path


def _id_of(request: HttpRequest) -> str:
    """What was brought, if it is one that may stand in a log."""
    brought = request.headers.get(HEADER, "")
    return brought if FITS.fullmatch(brought) else uuid4().hex


def _view_of(request: HttpRequest) -> str:
    """Its name in the URLconf: there are only so many of them. Empty when no view was asked."""
    match = request.resolver_match
    return match.view_name if match else ""


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Without the query: it may say what is nobody's business."""
    fields = {
        "method": request.method,
        "path": path_of(request),
        "status": response.status_code,
        "ms": round(seconds * MS, 1),
        "view": _view_of(request),
    }
    log.info("%s %s %s %s ms", *list(fields.values())[:4], extra={"fields": fields})
