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
from scaling.findings import PLACES, Found, Tally, latest, tallies
from scaling.sampler import sampling

SECONDS = 1.5  # somebody waits for the page: past them only what is in hand is compared and repaired
BATCH = 10
LONGEST = 2_000  # members of a listing


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
    """{"rows": [{name, compared, wrong, repaired, run_at, round_at}], "compared", "wrong", "repaired": over all of
    them}. Wrong are places, of which an object may have several; it is repaired once."""
    found = tallies()
    return {
        "rows": [_row(each) for each in found],
        "compared": f"{sum(each.compared for each in found):,}",
        "wrong": sum(each.wrong for each in found),
        "repaired": f"{sum(each.repaired for each in found):,}",
    }


def faults() -> list[dict]:
    """The last that were wrong, the newest first: {fault, place, at, title, url}, the address of a product's object
    while there is one."""
    found = latest()
    ids = {int(each.fault.subject) for each in found if each.fault.name == "product"}
    names = dict(Product.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [_fault(each, names) for each in found]


def _row(tally: Tally) -> dict:
    wrong = {where: getattr(tally, where) for where in PLACES}
    return {
        "name": tally.name,
        "compared": f"{tally.compared:,}",
        "wrong": ", ".join(f"{count:,} {PLACES[where]}" for where, count in wrong.items() if count),
        "repaired": f"{tally.repaired:,}",
        "run_at": _moment(tally.run_at),
        "round_at": _moment(tally.round_at),
    }


def _fault(found: Found, names: dict[int, str]) -> dict:
    fault = found.fault
    shown = {"fault": fault, "place": PLACES[fault.where], "at": _moment(found.at), "title": "", "url": ""}
    if fault.name == "product" and int(fault.subject) in names:
        shown["title"] = names[int(fault.subject)]
        shown["url"] = reverse("admin:products_product_object", args=[fault.subject])
    return shown


def _compare(request: HttpRequest) -> None:
    try:
        with sampling(seconds=SECONDS, batch=BATCH, longest=LONGEST) as sampler:
            result = sampler.run()
    except BusyError as why:
        messages.warning(request, f"Nothing can be compared now. {why}")
    else:
        (messages.warning if result.faults else messages.success)(request, str(result))


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, tz=UTC) if seconds else None
