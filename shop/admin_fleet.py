"""Who is alive, for superusers: the same as `manage.py fleet`."""

from collections import Counter
from datetime import UTC, datetime

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from scaling.fleet import Member, fleet

DOES = {"web": "answers visitors", "relay": "sends what the outbox holds", "beat": "says what time it is"}


@require_safe
def fleet_page(request: HttpRequest) -> HttpResponse:
    """Every process with its release; those that do not run what most run are called out."""
    if not request.user.is_superuser:
        raise PermissionDenied
    context = admin.site.each_context(request) | shown() | {"title": "Fleet"}
    return TemplateResponse(request, "admin/fleet.html", context)


def shown() -> dict:
    """{"is_known", "rows": [{member, does, since, is_other}], "releases": {release: how many}}"""
    try:
        members = fleet()
    except RedisError:
        return {"is_known": False}
    releases = Counter(member.release for member in members)
    usual = max(releases, key=lambda release: releases[release], default="")
    return {"is_known": True, "rows": [_row(member, usual) for member in members], "releases": dict(releases)}


def _row(member: Member, usual: str) -> dict:
    return {
        "member": member,
        "does": DOES.get(member.kind) or f"takes {', '.join(member.lanes)}",
        "since": datetime.fromtimestamp(member.since, tz=UTC),
        "is_other": member.release != usual,
    }
