"""A product's object as pages read it, beside as it would be assembled now."""

import json

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from scaling.cache import RefusedError
from scaling.clock import moment_of

from .data import PRODUCTS
from .models import Product


@require_http_methods(["GET", "HEAD", "POST"])
def object_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Both sides, with the keys that differ marked; a POST has it built again."""
    product = get_object_or_404(Product, pk=pk)
    model_admin = admin.site.get_model_admin(Product)
    if not model_admin.has_change_permission(request, product):
        raise PermissionDenied
    if request.method == "POST":
        try:
            PRODUCTS.refresh([pk])
            messages.success(request, "Built again and stored.")
        except RefusedError:
            messages.error(request, "Others are building it at this moment: look again, or try once more.")
        return redirect("admin:products_product_object", pk)
    context = admin.site.each_context(request) | compare(pk) | {"product": product, "opts": Product._meta}
    return TemplateResponse(request, "admin/products/product/object.html", context | {"title": "Object"})


def compare(pk: int) -> dict:
    """{"rows": [{key, cached, now, differs}], "cached" and "now": {version, …} or None}."""
    stored = PRODUCTS.peek(pk)
    built = PRODUCTS.assemble([pk]).get(pk)
    before = stored.data if stored else {}
    after = built.data if built and built.data else {}
    rows = [
        {"key": key, "cached": _shown(before, key), "now": _shown(after, key)}
        for key in sorted(before.keys() | after.keys())
    ]
    for row in rows:
        row["differs"] = row["cached"] != row["now"]
    return {
        "rows": rows,
        "differing": sum(row["differs"] for row in rows),
        "cached": stored and {"version": stored.version, "stored_at": moment_of(stored.stored_at)},
        "now": built and {"version": built.version},
    }


def _shown(data: dict, key: str) -> str:
    return json.dumps(data[key], indent=2, ensure_ascii=False, sort_keys=True, default=str) if key in data else ""
