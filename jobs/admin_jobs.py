"""Jobs, to look at, to cancel and to try again; above them how the queues and the workers stand."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince

from .models import Job
from .overview import alive_or_none, lanes
from .work import TooMany, cancel, retry

WORKERS_SHOWN = 100


class WorkerFilter(admin.SimpleListFilter):
    """By who runs it, or ran it last: of a cake that is written at its render."""

    title = parameter_name = "worker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Job.objects.values_list("worker", "render__worker").distinct()[:WORKERS_SHOWN]
        return [(name, name) for name in sorted({name for pair in rows for name in pair if name})]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        name = self.value()
        return queryset.filter(Q(worker=name) | Q(render__worker=name)) if name else queryset


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    list_display = ("kind", "title", "state", "done", "why", "age", "lane", "by", "attempts", "owner")
    list_filter = ("state", "lane", "kind", WorkerFilter)
    search_fields = ("key", "owner", "title")
    ordering = ("-pk",)
    list_select_related = ("render",)
    show_full_result_count = False
    change_list_template = "admin/jobs/job/change_list.html"
    fields = ("key", *list_display, "arguments", "result", "created_at", "started_at", "finished_at")
    actions = ("retry_jobs", "cancel_jobs")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        overview = {"lanes": lanes(), "workers": alive_or_none()}
        return super().changelist_view(request, overview | (extra_context or {}))

    @admin.action(description="Try again", permissions=["manage"])
    def retry_jobs(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._tell(request, sum(_is_retried(job) for job in queryset), "wait again")

    @admin.action(description="Cancel", permissions=["manage"])
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._tell(request, sum(cancel(job) for job in queryset), "are cancelled")

    def _tell(self, request: HttpRequest, count: int, what: str) -> None:
        self.message_user(request, f"Jobs that {what}: {count}.", messages.SUCCESS if count else messages.WARNING)

    @admin.display(ordering="created_at")
    def age(self, job: Job) -> str:
        return timesince(job.created_at)

    @admin.display(description="worker")
    def by(self, job: Job) -> str:
        return (job.render or job).worker

    @admin.display(description="attempt")
    def attempts(self, job: Job) -> int:
        return (job.render or job).attempt

    @admin.display(description="%")
    def done(self, job: Job) -> int:
        return (job.render or job).progress

    @admin.display(description="error")
    def why(self, job: Job) -> str:
        return job.error or (job.render.error if job.render else "")


def _is_retried(job: Job) -> bool:
    try:
        return retry(job)
    except TooMany:
        return False
