"""Published pages without a proxy: a middleware that gives the file when there is one, before anybody else is asked.

It answers as a proxy does that serves packed files: an ETag of the file's time and length, 304 when nothing is new.
Whoever has written shortly before bears a causal token, and sees the live page, which has their own write in it.
"""

import re
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from . import settings
from .addresses import kind_of, name_of
from .folder import Folder, Served
from .pages import store
from .tokens import bears_one

SAFE = ("GET", "HEAD")
OF_A_STATUS = re.compile(r"\d{3}\.html")  # for proxies; live such a page has its status
ACCEPTS_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|x-gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)")


class PublishedMiddleware:
    """Used where the setting SERVE_PUBLISHED is on and the pages lie in a folder."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.SERVE_PUBLISHED or settings.PUBLISH == "off":
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        served = _served(request)
        return _answer(request, *served) if served else self.get_response(request)


def _served(request: HttpRequest) -> tuple[str, Served] | None:
    if request.method not in SAFE or bears_one(request):
        return None
    name, pages = name_of(request.get_full_path()), store()
    if not name or OF_A_STATUS.fullmatch(name) or not isinstance(pages, Folder):
        return None
    found = pages.served(name)
    return (name, found) if found else None


def _answer(request: HttpRequest, name: str, found: Served) -> HttpResponseBase:
    is_packed = bool(ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")))
    etag = f'"{found.mtime:x}-{len(found.data):x}"'
    page = found.data if is_packed else zlib.decompress(found.data, zlib.MAX_WBITS | 16)
    response = HttpResponse(page, content_type=f"{kind_of(name)}; charset=utf-8")
    if is_packed:
        response["Content-Encoding"] = "gzip"
    response["Content-Length"] = str(len(page))
    response["ETag"] = etag if is_packed else f"W/{etag}"
    response["Last-Modified"] = format_datetime(datetime.fromtimestamp(found.mtime, tz=UTC), usegmt=True)
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Accept-Encoding"
    return get_conditional_response(request, response["ETag"], found.mtime, response) or response
