"""Where a POST came from, for the one form that holds no token: “Add to basket” on pages that are the same for all.

A token would make each of those pages one person's own. The browser says itself where a form was sent from, so that
is asked first; a browser that sends it from elsewhere, or does not say, is asked to confirm on a page with a token.
"""

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware


class _TokenCheck(CsrfViewMiddleware):
    """Django's own check, answering with the reason instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def is_from_our_pages(request: HttpRequest) -> bool:
    """Whether nobody else's page can have made a visitor's browser send this."""
    origin = request.headers.get("Origin")
    if origin is None and "Sec-Fetch-Site" not in request.headers:
        return True  # not a browser: nobody's cookies are borrowed
    ours = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    return origin in ours or _has_token(request)


def _has_token(request: HttpRequest) -> bool:
    return _TokenCheck(lambda request: None).process_view(request, None, (), {}) is None
