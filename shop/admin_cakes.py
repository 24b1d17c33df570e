"""Cakes made to order, for those who bake them: the words, the choices and the picture."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.models import Job

from .cake_pictures import sent
from .cakes import design_of, drawing, pictures_of, sheet
from .models import Order, OrderLine


@require_safe
def cake_picture(request: HttpRequest, key: str) -> FileResponse:
    """The picture of a cake that was ordered. Those that were only designed are nobody's business here."""
    if not admin.site.get_model_admin(Order).has_view_permission(request):
        raise PermissionDenied
    get_object_or_404(OrderLine.objects.filter(job_key=key)[:1])
    return sent(get_object_or_404(Job, key=key), request.GET.get("n"))


def with_cakes(orders: list[dict]) -> list[dict]:
    """The orders, each with its `cakes`: name, words, sheet, and a picture or else the drawing."""
    pictures = pictures_of(line.job_key for order in orders for line in order["lines"] if line.job_key)
    for order in orders:
        order["cakes"] = [_cake(line, line.job_key in pictures) for line in order["lines"] if line.job_key]
    return orders


def _cake(line: OrderLine, has_picture: bool) -> dict:
    design = design_of(line.design)
    return {
        "name": line.name,
        "words": line.design["inscription"],
        "sheet": sheet(line.design),
        "picture": reverse("admin:shop_order_cake", args=[line.job_key]) if has_picture else "",
        "drawing": drawing(design) if design and not has_picture else "",
    }
