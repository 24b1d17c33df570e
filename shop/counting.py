"""Which products are looked at most, where not all of their pages are published.

A published page is given by a proxy, and nobody of ours hears of it. But it asks for its visitor's name and basket,
and a browser says from which page.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from scaling import visits
from scaling.addresses import name_of

from .pages import PRODUCT


def count_visit(request: HttpRequest) -> None:
    """Count the product's page that has asked. Where all pages are published, or none, it costs nothing."""
    if settings.PUBLISH.isdecimal() and (path := _asking_page(request)):
        visits.count(path)


def _asking_page(request: HttpRequest) -> str:
    """Its path, when it is the page of a product of this host, or nothing. It is short, whatever a stranger sends."""
    try:
        page = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_ours = page.netloc == request.get_host() and PRODUCT.fullmatch(page.path)
    return page.path if is_ours and name_of(page.path) else ""
