"""Published pages, to look at, with what each is made of, and to have published again."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html

from jobs.models import Page, PageUse
from jobs.pages import enqueue_pages
from products.data import ARTICLES, CATEGORIES, PRODUCTS
from products.models import Article, Category, Product
from scaling import settings

MODELS = {PRODUCTS.name: Product, CATEGORIES.name: Category, ARTICLES.name: Article}
SHOWN = 300  # things that a page is made of
SHORT = 90  # characters of a reason, in the list


class FailedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "failed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Failed")]

    def queryset(self, request: HttpRequest, pages: QuerySet) -> QuerySet:
        return pages.filter(failed_at__isnull=False) if self.value() == "yes" else pages


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    """Nobody types a page. Whoever may change them has them published again, by workers, as a change would."""

    list_display = ("path", "release", "weight", "published", "times", "failure")
    list_filter = (FailedFilter, "release")
    list_per_page = 50
    search_fields = ("path",)
    ordering = ("path",)
    show_full_result_count = False
    actions = ("publish_again",)
    change_form_template = "admin/jobs/page/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_page")

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> HttpResponse:
        """What the page is made of. A POST has it published again."""
        page = self.get_object(request, unquote(object_id))
        if page is not None and request.method == "POST":
            if not self.has_manage_permission(request):
                raise PermissionDenied
            self.publish_again(request, Page.objects.filter(pk=page.pk))
            return redirect(request.path)
        shown = {"may_publish": self.has_manage_permission(request)}
        if page is not None:
            shown |= {"size": self.weight(page)} | made_of(request, page)
        return super().change_view(request, object_id, *args, **options | {"extra_context": shown})

    @admin.action(description="Publish again", permissions=["manage"])
    def publish_again(self, request: HttpRequest, pages: QuerySet) -> None:
        if settings.PUBLISH == "off":
            self.message_user(request, "PUBLISH is off: no page is published.", messages.WARNING)
            return
        chosen = list(pages.values_list("release", "path"))
        enqueue_pages(chosen)
        said = "The page is" if len(chosen) == 1 else f"{len(chosen):,} pages are"
        self.message_user(request, f"{said} published again, in a moment.")

    @admin.display(ordering="size", description="size")
    def weight(self, page: Page) -> str:
        if page.size is None:
            return "gone" if page.published_at else "–"
        return f"{page.size / 1000:,.1f} kB"

    @admin.display(ordering="published_at")
    def published(self, page: Page) -> str:
        return render_to_string("admin/ago.html", {"at": page.published_at}).strip()

    @admin.display(ordering="failed_at", empty_value="")
    def failure(self, page: Page) -> str:
        if not page.failed_at:
            return ""
        reason = page.error if len(page.error) <= SHORT else f"{page.error[:SHORT]}…"
        return format_html('<span class="band out">failed</span> {}', reason)


def made_of(request: HttpRequest, page: Page) -> dict:
    """{"kinds": [{name, things: [{title, url}]}], "slices": [{listing, places}], "more": how many are not shown}."""
    uses = list(page.uses.order_by("subject", "first")[:SHOWN])
    ids: dict[str, list[int]] = {}
    for subject in dict.fromkeys(use.subject for use in uses if use.first < 0):
        name, _, pk = subject.rpartition(":")
        ids.setdefault(name, []).append(int(pk))
    return {
        "kinds": [{"name": _kind(name), "things": _things(request, name, pks)} for name, pks in sorted(ids.items())],
        "slices": [{"listing": use.subject, "places": _places(use)} for use in uses if use.first >= 0],
        "more": page.uses.count() - len(uses),
    }


def _kind(name: str) -> str:
    return MODELS[name]._meta.verbose_name_plural if name in MODELS else name


def _things(request: HttpRequest, name: str, pks: Sequence[int]) -> list[dict]:
    """In the order of their names; those that are not there (any more) have a number alone, and come last."""
    model = MODELS.get(name)
    rows = model.objects.in_bulk(pks) if model else {}
    may_look = bool(model) and admin.site.get_model_admin(model).has_view_permission(request)
    there = [
        {"title": str(row), "url": _address(row) if may_look else ""}
        for row in sorted(rows.values(), key=lambda row: str(row).casefold())
    ]
    return there + [{"title": f"{name} {pk}", "url": ""} for pk in pks if pk not in rows]


def _address(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _places(use: PageUse) -> str:
    """As people count, from one on."""
    if use.last < use.first:
        return f"only how many there are: {use.total or 0:,}"
    if use.total is None:
        return f"{use.first + 1:,} to {use.last + 1:,}"
    return f"{min(use.first + 1, use.total):,} to {min(use.last + 1, use.total):,} of {use.total:,}"
