"""The outbox, to look at: what waits, since when, and how often it was tried."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.timesince import timesince, timeuntil

from scaling.clock import moment_of, now_us

from . import admin_jobs  # noqa: F401, registers jobs
from .models import Outbox


@admin.register(Outbox)
class OutboxAdmin(admin.ModelAdmin):
    list_display = ("task", "subject", "age", "attempt", "due")
    list_filter = ("task",)
    search_fields = ("subject",)
    ordering = ("due_at",)
    show_full_result_count = False
    fields = ("task", "subject", "age", "attempt", "due")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Outbox | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Outbox | None = None) -> bool:
        return False

    @admin.display(ordering="created_at")
    def age(self, row: Outbox) -> str:
        return timesince(moment_of(row.created_at))

    @admin.display(ordering="due_at")
    def due(self, row: Outbox) -> str:
        moment = moment_of(row.due_at)
        return f"in {timeuntil(moment)}" if row.due_at > now_us() else f"since {timesince(moment)}"
