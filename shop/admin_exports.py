"""Exports of orders: a month is asked for, waited for, and fetched. Only by who may see orders, and their own."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs import files
from jobs.models import Job, State
from jobs.owners import of_user
from jobs.running import CannotBeDone
from jobs.work import TooMany, submit

from .exports import KIND, month_range
from .models import Order

SHOWN = 20
TOO_MANY = "Three exports are being written already. Wait for one of them."


@require_http_methods(["GET", "HEAD", "POST"])
def exports_page(request: HttpRequest) -> HttpResponse:
    """The exports asked for by this member of staff, and a form for another."""
    _check(request)
    if request.method == "POST":
        _begin(request)
        return redirect("admin:shop_order_exports")
    jobs = Job.objects.filter(kind=KIND, owner=_owner(request)).order_by("-pk")[:SHOWN]
    context = admin.site.each_context(request) | {
        "title": "Exports",
        "opts": Order._meta,
        "jobs": jobs,
        "is_waiting": any(not job.is_finished for job in jobs),
        "month": f"{timezone.localdate():%Y-%m}",
    }
    return TemplateResponse(request, "admin/shop/order/exports.html", context)


@require_safe
def export_file(request: HttpRequest, key: str) -> HttpResponseBase:
    """The file of a finished export of one's own; any other looks as if it were not there."""
    _check(request)
    job = Job.objects.filter(key=key, kind=KIND, owner=_owner(request), state=State.DONE).first()
    if job is None:
        raise Http404("There is no export of yours here.")
    name = f"orders-{job.arguments['month']}.csv"
    try:
        return files.send(job.result["file"], "text/csv; charset=utf-8", name)
    except FileNotFoundError:
        raise Http404("This export is gone.") from None


def _check(request: HttpRequest) -> None:
    if not admin.site.get_model_admin(Order).has_view_permission(request):
        raise PermissionDenied


def _owner(request: HttpRequest) -> str:
    return of_user(request.user.pk)


def _begin(request: HttpRequest) -> None:
    month = request.POST.get("month", "")
    try:
        month_range(month)
        submit(KIND, _owner(request), {"month": month}, title=f"Orders of {month}")
    except CannotBeDone as reason:
        messages.error(request, str(reason))
    except TooMany:
        messages.error(request, TOO_MANY)
    else:
        messages.success(request, "The export is being written. It will be here in a moment.")
