"""The catalogue's pages. They hold nobody's data, and hot ones cost no SQL and one round trip to the cache."""

from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from scaling.cache import Stored, Whole, fetch, registry

from .assembly import AUTHORS, REVIEW, named_in, review_data
from .data import PRODUCTS, all_shelves
from .models import Review
from .pagination import page_of, parse
from .rendering import Cards, kept, rendered
from .reviews import signed
from .schema import product_schema
from .shelf import Sieve

PAGE_SIZE = 24
REVIEWS_A_PAGE = 20


@require_safe
def category(request: HttpRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """One category, or all there is; sorted, sieved by tags, a page at a time."""
    sieve = Sieve.of(request.GET, pk)
    number = parse(request.GET.get("page"))
    first = (number - 1) * PAGE_SIZE
    shelves, tags, goods = sieve.read(first, first + PAGE_SIZE - 1)
    shelf = next((card for card in shelves if card["id"] == pk), None)
    if pk and shelf is None:
        raise Http404("There is no such shelf.")
    if shelf and shelf["slug"] != slug:
        return moved(request, shelf["url"])
    page = category_page(sieve, number, goods.total, shelf, tuple(goods.cards), tuple(shelves), tuple(tags))
    return public(HttpResponse(page))


@kept
def category_page(
    sieve: Sieve, number: int, total: int, shelf: Stored | None, cards: Cards, shelves: Cards, tags: Cards
) -> bytes:
    context = {
        "shelves": shelves,
        "category": shelf,
        "cards": cards,
        "page": page_of(number, total, PAGE_SIZE),
        "sort": sieve.sort,
        "tags": sieve.choices(tags),
        "in_stock": sieve.in_stock,
        "query": sieve.query,
        "canonical": absolute(shelf["url"] if shelf else reverse("shelves")),
    }
    return rendered("category.html", context)


@require_safe
def product(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    whole, shelves = fetch(PRODUCTS.whole(pk), all_shelves())
    data = existing(whole).data
    if data["slug"] != slug:
        return moved(request, data["url"])
    return public(HttpResponse(product_page(data, Beside.of(data, whole.cards), tuple(shelves.cards))))


class Beside(NamedTuple):
    """What the page of a product shows of others: of those it names, the cards there are."""

    category: Stored | None
    related: Cards
    authors: Cards

    @classmethod
    def of(cls, data: dict, cards: dict[tuple[str, int], Stored]) -> "Beside":
        there: dict[str, list[Stored]] = {"category": [], PRODUCTS.name: [], AUTHORS: []}
        for name, pk in named_in(data):
            if card := cards.get((name, pk)):
                there[name].append(card)
        category, related, authors = there.values()
        return cls(next(iter(category), None), tuple(related), tuple(authors))


@kept
def product_page(data: Stored, beside: Beside, shelves: Cards) -> bytes:
    context = {
        "shelves": shelves,
        "product": data,
        "category": beside.category,
        "related": beside.related,
        "latest": signed(data["latest"], {card["id"]: card for card in beside.authors}),
        "canonical": absolute(data["url"]),
        "jsonld": product_schema(data),
    }
    return rendered("product.html", context)


@require_safe
def reviews(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """All reviews of a product, from the tables: few people turn so many pages."""
    whole, shelves = fetch(PRODUCTS.whole(pk), all_shelves())
    data = existing(whole).data
    if data["slug"] != slug:
        return moved(request, reverse("product_reviews", args=[pk, data["slug"]]))
    page = page_of(request.GET.get("page"), data["reviews"], REVIEWS_A_PAGE)
    rows = Review.objects.filter(product=pk, is_hidden=False).values_list(*REVIEW, named=True)
    shown = [review_data(row) for row in rows[page["start"] - 1 if page["total"] else 0 : page["end"]]]
    authors = registry[AUTHORS].get_many(dict.fromkeys(said["author_id"] for said in shown))
    context = {"product": data, "reviews": signed(shown, authors), "page": page, "shelves": shelves.cards}
    return public(render(request, "product_reviews.html", context))


def existing(whole: Whole | None) -> Whole:
    if whole is None:
        raise Http404("We do not bake that.")
    return whole


def absolute(path: str) -> str:
    return settings.SITE_URL + path


def moved(request: HttpRequest, path: str) -> HttpResponse:
    """To the same page under its right name."""
    query = request.META.get("QUERY_STRING", "")
    return public(redirect(f"{path}?{query}" if query else path, permanent=True))


def public(response: HttpResponse) -> HttpResponse:
    """Mark a live page: the same for everybody, and nothing to be stored, since the next change shows at once."""
    response["Cache-Control"] = "private, no-store"
    return response
