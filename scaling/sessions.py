"""Clones: sessions live in one place that every clone asks, on `keep`, as JSON.

Django's cache sessions take an error for an empty session: while the server is away everybody is signed out, and
stays so. Here an error is an error. What is read-only for nobody in particular goes on, the rest answers 503, and
no cookie is changed.
"""

from django.contrib.sessions.backends import cache
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse

from . import settings
from .unavailable import OUTAGES, unavailable


class SessionStore(cache.SessionStore):
    """Django's cache session, but a server that is away raises instead of answering “nobody”."""

    cache_key_prefix = "session:"

    def load(self) -> dict:
        data = caches[settings.SESSION_CACHE_ALIAS].get(self.cache_key)
        if data is None:
            self._session_key = None
            return {}
        return data


class SessionMiddleware(DjangoSessionMiddleware):
    """A session that cannot be saved makes the whole answer a 503: nobody is told that a lost write was done."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except OUTAGES:
            return unavailable(request)
