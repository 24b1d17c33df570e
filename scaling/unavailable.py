"""When a server behind the shop is away: one plain answer, 503 with Retry-After, and nothing half done."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from django.utils.module_loading import import_string
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from . import settings

BrokerError: type[Exception]
try:
    from kombu.exceptions import OperationalError as BrokerError
except ImportError:  # a site without a queue
    BrokerError = OperationalError


class FilesAway(OSError):
    """The storage that all clones share does not answer as it should."""


log = logging.getLogger(__name__)
OUTAGES = (
    FilesAway,
    ConnectionInterrupted,
    RedisConnectionError,
    RedisTimeoutError,
    OperationalError,
    InterfaceError,
    BrokerError,
)
RETRY_AFTER_SECONDS = 20


def unavailable(request: HttpRequest) -> HttpResponse:
    """The project's own page (setting UNAVAILABLE_VIEW), as a 503 that nobody may store."""
    response = import_string(settings.UNAVAILABLE_VIEW)(request)
    response.status_code = 503
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def plain(request: HttpRequest) -> HttpResponse:
    """The page of a project that has none of its own."""
    return HttpResponse("This needs a moment. Try again shortly.\n", content_type="text/plain; charset=utf-8")


class UnavailableMiddleware:
    """Turns an outage met by a view into that answer. What is a fault of ours stays a 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OUTAGES):
            return None
        log.warning("%s %s is answered by 503: %s", request.method, escape_uri_path(request.path), exception)
        return unavailable(request)
