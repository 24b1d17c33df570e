"""The pages for what went wrong. Those of an outage ask no server for anything."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from .answers import wants_json

ORDERING = {"basket", "basket_add", "checkout", "job_basket"}
ORDERS_SHORTLY = "Orders are taken again shortly. Your basket is safe."
SHORTLY = "This part of the shop needs a moment. Try again shortly."
LONG = 60  # letters


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"is_csrf": True}, status=403)


def not_found(request: HttpRequest, exception: Exception | None) -> HttpResponse:
    return render(request, "404.html", status=404)


def away(request: HttpRequest) -> HttpResponse:
    """What a proxy says when no clone is there."""
    return render(request, "503.html", {"is_published": True}, status=503)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def unavailable_page(request: HttpRequest) -> HttpResponse:
    """Says what is away, and holds what was typed, to be sent again."""
    match = request.resolver_match
    is_ordering = bool(match) and match.url_name in ORDERING
    if wants_json(request):
        return JsonResponse({"said": ORDERS_SHORTLY if is_ordering else SHORTLY})
    return render(request, "503.html", {"is_ordering": is_ordering, "typed": _typed(request)})


def _typed(request: HttpRequest) -> list[tuple[str, str, bool]]:
    """Name and value of each field that was posted, and whether it is a text of several words: only from a form that
    was proved to be ours, and no secrets."""
    is_ours = getattr(request, "csrf_processing_done", False) and "CSRF_COOKIE" in request.META
    if request.method != "POST" or not is_ours:
        return []
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    return [
        (name, value, len(value) > LONG or "\n" in value)
        for name, value in fields
        if name != "csrfmiddlewaretoken" and "password" not in name
    ]
