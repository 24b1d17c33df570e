"""What people look for: the page of results, and what is offered while they type."""

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from scaling.cache import fetch
from scaling.flights import flights
from scaling.replicas import own_writes

from . import search as index
from .data import PRODUCTS, all_shelves, cards
from .pagination import page_of, parse
from .views import public

PAGE_SIZE = 24


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Results, best first. A query that is too long is cut, one that finds nothing is answered by its neighbour."""
    q = asked(request)
    number = request.GET.get("page")
    with own_writes(), flights.reading():
        results = index.search(q, parse(number), PAGE_SIZE)
    page = page_of(number, results.total, PAGE_SIZE)
    wants = [PRODUCTS.cards(results.ids)] if results.ids else []
    shelves, *found = fetch(all_shelves(), *wants)
    context = {
        "q": q,
        "cards": list(found[0].values()) if found else [],
        "page": page,
        "suggestions": results.suggestions,
        "corrected": results.corrected,
        "shelves": shelves.cards,
    }
    return public(render(request, "search.html", context))


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """{"products": [{name, url, price, picture}], "words": […]}; `picture` is the address of the small one."""
    with own_writes(), flights.reading():
        found = index.suggest(asked(request))
    products = [suggestion(card) for card in cards(found["products"]).values()]
    return public(JsonResponse({"products": products, "words": found["words"]}))


def suggestion(card: dict) -> dict:
    picture = default_storage.url(f"{card['picture']}-400.webp") if card["picture"] else ""
    return {"name": card["name"], "url": card["url"], "price": card["price"], "picture": picture}


def asked(request: HttpRequest) -> str:
    return request.GET.get("q", "")[: index.QUERY_LENGTH].strip()
