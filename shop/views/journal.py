"""The journal: articles, fully rendered by workers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from products.data import ARTICLES, JOURNAL, all_shelves
from products.pagination import page_of, parse
from products.views import absolute, moved, public
from scaling.cache import fetch

PAGE_SIZE = 12


@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    first = (parse(request.GET.get("page")) - 1) * PAGE_SIZE
    shelves, articles = fetch(all_shelves(), JOURNAL.slice(first, first + PAGE_SIZE - 1))
    page = page_of(request.GET.get("page"), articles.total, PAGE_SIZE)
    context = {"shelves": shelves.cards, "articles": articles.cards, "page": page}
    return public(render(request, "journal.html", context))


@require_safe
def article(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    whole, shelves = fetch(ARTICLES.whole(pk), all_shelves())
    if whole is None:
        raise Http404("There is no such entry in the journal.")
    if whole.data["slug"] != slug:
        return moved(request, whole.data["url"])
    context = {"shelves": shelves.cards, "article": whole.data, "canonical": absolute(whole.data["url"])}
    return public(render(request, "article.html", context))
