"""The outbox: work that was decided in a transaction and must be done after it. The versions of objects. And jobs,
which somebody waits for."""

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from scaling.clock import SECOND, now_us

from .fields import ExactField
from .page_models import Page, PageUse  # noqa: F401, models of this app

LONGEST_WAIT_SECONDS = 60  # between two attempts
NEVER = 2**62  # as long as any time, so that a row does not grow when it is claimed


class OutboxQuerySet(models.QuerySet):
    def begun(self, *, slack: int = 0) -> "OutboxQuerySet":
        """What is due, or was sent and is not done. Not what waits for a moment of its own, such as the end of a
        promotion. `slack` (microseconds) is how far the database's clock may be ahead of ours."""
        now = now_us()
        longest = now + (LONGEST_WAIT_SECONDS + 1) * SECOND  # no row that was sent is due later: for the index
        return self.filter(Q(due_at__lte=now + slack) | Q(attempt__gt=0), due_at__lte=longest)


class Outbox(models.Model):
    """One task to be done for one subject. The row is deleted when its effect is stored, not before.

    Rows are written by `jobs.enqueue` and by the triggers of `jobs.triggers`, which know of no request. The relay
    sends a row when `due_at` has come, moves `due_at` on and raises `attempt`, so that a row whose effect does not
    arrive is sent again.
    """

    task = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    due_at = models.BigIntegerField(default=now_us, db_index=True, help_text="Microseconds since 1970")
    attempt = models.PositiveIntegerField(default=0)
    created_at = models.BigIntegerField(default=now_us, help_text="Microseconds since 1970")
    moment = models.BigIntegerField(null=True, help_text="Microseconds since 1970: the subject changes by itself")
    tried_since = models.BigIntegerField(db_default=NEVER, help_text="Microseconds since 1970, of the first attempt")
    request_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Of the request that had it done"
    )

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "jobs_outbox"
        verbose_name_plural = "outbox"
        indexes = [models.Index(fields=["subject", "task"], name="outbox_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.task}({self.subject})"


class Version(models.Model):
    """How new an object is, like `product:12`: raised by the triggers of `jobs.triggers`, and by
    `jobs.versions.raise_past` after a primary was restored.

    It rises when the object is deleted, too, and the row stays for good: a version never goes back, also not for an
    object made again under the same key, and who finds none knows at which version there was none.
    """

    subject = ExactField(max_length=100, primary_key=True)
    version = models.BigIntegerField(help_text="Microseconds since 1970")

    class Meta:
        db_table = "jobs_version"

    def __str__(self) -> str:
        return f"{self.subject}={self.version}"


class State(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (State.QUEUED, State.RUNNING)


class WorkQuerySet(models.QuerySet):
    def unfinished(self) -> "WorkQuerySet":
        return self.filter(state__in=UNFINISHED)

    def of_attempt(self, work: "Work") -> "WorkQuerySet":
        """The row of `work` as long as this attempt is the one that counts. Whoever was overtaken, or whose work was
        cancelled, finds none, and stops."""
        return self.filter(pk=work.pk, attempt=work.attempt, state=State.RUNNING)


class Work(models.Model):
    """What a machine does for long, and another one takes over when it dies. See `jobs.leases`.

    Leases are in the database's time: it is the one clock that everybody has.
    """

    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0, help_text="Rises with each claim: who holds an older one stops")
    last_attempt = models.PositiveIntegerField(default=1, help_text="After this one it is given up")
    lease_until = models.DateTimeField(null=True, editable=False)
    worker = models.CharField(max_length=100, blank=True)
    release = models.CharField(max_length=100, blank=True, help_text="Of the code that ran it last")
    progress = models.PositiveSmallIntegerField(default=0, help_text="In hundredths")
    checkpoint = models.CharField(max_length=150, blank=True, help_text="The name of a file")
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    has_files = models.BooleanField(db_default=True, editable=False, help_text="Until they were cleaned away")

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED


class Render(Work):
    """A picture of one design, drawn once for all jobs that ask for it, and stopped when the last of them is
    cancelled."""

    digest = ExactField(max_length=64, unique=True, help_text="Of the design")
    design = models.JSONField()
    picture = models.CharField(max_length=150, blank=True, help_text="The name of a file")
    picture_number = models.PositiveSmallIntegerField(default=0, help_text="Which of its pictures that is")

    class Meta:
        db_table = "jobs_render"
        indexes = [
            models.Index(fields=["state", "lease_until"], name="render_lease"),
            models.Index(fields=["has_files", "finished_at"], name="render_cleaning"),
        ]

    def __str__(self) -> str:
        return f"render {self.digest[:12]}"


def new_key() -> str:
    return secrets.token_hex(16)


class Job(Work):
    """What a customer waits for. This row is the truth: a message, a cache or a worker may be lost at any time.

    `owner` is like `user:12` or `guest:` with 32 hex digits. A job with a render has no lease of its own: its state
    follows the render's. `place` numbers an owner's unfinished jobs of a kind that has a limit.
    """

    key = ExactField(max_length=32, unique=True, default=new_key, editable=False)
    kind = ExactField(max_length=30)
    lane = ExactField(max_length=20, help_text="The queue")
    owner = ExactField(max_length=64)
    title = models.CharField(max_length=200, blank=True)
    arguments = models.JSONField(default=dict)
    render = models.ForeignKey(Render, models.PROTECT, null=True, related_name="jobs")
    place = models.PositiveSmallIntegerField(null=True, editable=False)
    sent = models.PositiveIntegerField(default=0, help_text="How often since it was queued")
    again_at = models.DateTimeField(db_default=Now(), help_text="Not sent (again) before")
    notified = models.BooleanField(default=False, help_text="Whether its end was told to who tells the owner")
    request_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Of the request that submitted it"
    )

    class Meta:
        db_table = "jobs_job"
        indexes = [
            models.Index(fields=["state", "lane", "owner"], name="job_turn"),
            models.Index(fields=["state", "lease_until"], name="job_lease"),
            models.Index(fields=["owner", "created_at"], name="job_of_an_owner"),
            models.Index(fields=["has_files", "finished_at"], name="job_cleaning"),
        ]
        constraints = [models.UniqueConstraint(fields=["owner", "kind", "place"], name="one_job_a_place")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def picture_number(self) -> int:
        """Which picture of its render there is to see, 0 for none: it may have been cleaned away."""
        return self.render.picture_number if self.render and self.render.picture else 0
