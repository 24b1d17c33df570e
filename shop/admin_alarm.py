"""The alarm on the first page of the bakehouse: pages of the shop that cannot be rendered, and since when."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from jobs.page_overview import failures
from scaling import settings


def alarm(request: HttpRequest) -> dict | None:
    """{"count", "since", "url" of the list of them}; None while all is well, and for who may not see pages."""
    if settings.PUBLISH == "off" or not request.user.has_perm("jobs.view_page"):
        return None
    found = failures()
    if not found.count:
        return None
    asked = urlencode({"failed": "yes", "release": settings.RELEASE})
    return {"count": found.count, "since": found.since, "url": f"{reverse('admin:jobs_page_changelist')}?{asked}"}
