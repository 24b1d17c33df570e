"""The day in the shop: what to bake, and who collects what when."""

from collections import Counter
from datetime import date, timedelta

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from . import wording
from .admin_cakes import with_cakes
from .models import Order, Slot
from .slots import day_range


@require_http_methods(["GET", "HEAD", "POST"])
def day_page(request: HttpRequest) -> HttpResponse:
    """The orders of `?date=`, today's without one. A POST with an order's id says that it was collected."""
    if not admin.site.get_model_admin(Order).has_change_permission(request):
        raise PermissionDenied
    day = _asked_day(request)
    if request.method == "POST":
        _collect(request)
        return redirect(f"{reverse('admin:shop_order_day')}?date={day}")
    context = admin.site.each_context(request) | day_context(day) | {"opts": Order._meta}
    return TemplateResponse(request, "admin/shop/order/day.html", context | {"title": wording.day(day)})


def day_context(day: date) -> dict:
    """{"slots": [{clock, orders}], "bake": [(name, count)], …}: cancelled orders are left out."""
    slots = [
        {"clock": wording.clock(slot.starts_at), "orders": [_order(order) for order in slot.wanted]}
        for slot in _slots(day)
        if slot.wanted
    ]
    orders = with_cakes([order for slot in slots for order in slot["orders"]])
    bake: Counter[str] = Counter()
    for order in orders:
        for line in order["lines"]:
            bake[line.name] += line.quantity
    return {
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "slots": slots,
        "bake": sorted(bake.items(), key=lambda item: (-item[1], item[0])),
        "orders": len(orders),
        "waiting": sum(order["is_waiting"] for order in orders),
    }


def _order(order: Order) -> dict:
    fields = ("pk", "number", "name", "phone", "note")
    return {field: getattr(order, field) for field in fields} | {
        "total": wording.euro(order.total_cents),
        "lines": list(order.lines.all()),
        "is_waiting": order.state == Order.State.PLACED,
    }


def mark_collected(orders) -> int:
    """Placed orders become collected; cancelled ones stay what they are. Returns how many."""
    return orders.filter(state=Order.State.PLACED).update(state=Order.State.COLLECTED)


def _asked_day(request: HttpRequest) -> date:
    asked = request.GET.get("date")
    if not asked:
        return timezone.localdate()
    try:
        day = date.fromisoformat(asked)
        return day if day.year in range(2000, 3000) else _no_such_day(asked)
    except ValueError:
        return _no_such_day(asked)


def _no_such_day(asked: str) -> date:
    raise Http404(f"No such day: {asked[:20]}")


def _collect(request: HttpRequest) -> None:
    asked = request.POST.get("order", "")
    done = asked.isdecimal() and len(asked) < 19 and mark_collected(Order.objects.filter(pk=asked))
    if done:
        messages.success(request, "Handed over.")
    else:
        messages.warning(request, "That order is not waiting any more.")


def _slots(day: date):
    orders = Order.objects.exclude(state=Order.State.CANCELLED).order_by("number", "pk").prefetch_related("lines")
    start, end = day_range(day)
    slots = Slot.objects.filter(starts_at__gte=start, starts_at__lt=end).order_by("starts_at")
    return slots.prefetch_related(Prefetch("orders", orders, to_attr="wanted"))
