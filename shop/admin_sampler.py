"""What the sampler has found, for superusers: how much was compared, what was wrong, and when all had been met."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from products.models import Product
from scaling.comparing import BusyError
from scaling.findings import PLACES, Found, latest, tallies
from scaling.sampler import sampling

BATCH_SECONDS = 1.5  # somebody waits for the page


@require_http_methods(["GET", "HEAD", "POST"])
def sampler_page(request: HttpRequest) -> HttpResponse:
    """The counts and the last faults. A POST has a share compared at once, as the sampler does every minute."""
    if not request.user.is_superuser:
        raise PermissionDenied
    if request.method == "POST":
        _compare(request)
        return redirect("admin:sampler")
    context = admin.site.each_context(request) | counted() | {"faults": faults(), "title": "Sampler"}
    return TemplateResponse(request, "admin/sampler.html", context)


def counted() -> dict:
    """{"rows": [{tally, run_at, round_at}], "compared", "wrong": over all of them}."""
    found = tallies()
    return {
        "rows": [
            {"tally": each, "run_at": _moment(each.run_at), "round_at": _moment(each.round_at)} for each in found
        ],
        "compared": sum(each.compared for each in found),
        "wrong": sum(each.wrong for each in found),
    }


def faults() -> list[dict]:
    """The last that were wrong, the newest first, each with the address of its object where it has a page."""
    found = latest()
    ids = {int(each.fault.subject) for each in found if each.fault.name == "product"}
    there = set(Product.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [
        {
            "fault": each.fault,
            "place": PLACES[each.fault.where],
            "at": _moment(each.at),
            "url": _address(each, there),
        }
        for each in found
    ]


def _address(found: Found, products: set[int]) -> str:
    if found.fault.name != "product" or int(found.fault.subject) not in products:
        return ""
    return reverse("admin:products_product_object", args=[found.fault.subject])


def _compare(request: HttpRequest) -> None:
    try:
        with sampling(seconds=BATCH_SECONDS) as sampler:
            result = sampler.run()
    except BusyError as why:
        messages.warning(request, f"Nothing can be compared now. {why}")
    else:
        (messages.warning if result.faults else messages.success)(request, str(result))


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, tz=UTC) if seconds else None
