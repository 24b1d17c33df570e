"""The outbox: work that was decided in a transaction and must be done after it. And the versions of objects."""

from django.db import models
from django.db.models import Q

from scaling.clock import SECOND, now_us

from .fields import ExactField

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

    Rows are written by `jobs.enqueue` and by the triggers of `jobs.triggers`. The relay sends a row when `due_at`
    has come, moves `due_at` on and raises `attempt`, so that a row whose effect does not arrive is sent again.
    """

    task = models.CharField(max_length=100)
    subject = models.CharField(max_length=200)
    due_at = models.BigIntegerField(default=now_us, db_index=True, help_text="Microseconds since 1970")
    attempt = models.PositiveIntegerField(default=0)
    created_at = models.BigIntegerField(default=now_us, help_text="Microseconds since 1970")
    moment = models.BigIntegerField(null=True, help_text="Microseconds since 1970: the subject changes by itself")
    tried_since = models.BigIntegerField(db_default=NEVER, help_text="Microseconds since 1970, of the first attempt")

    objects = OutboxQuerySet.as_manager()

    class Meta:
        db_table = "jobs_outbox"
        verbose_name_plural = "outbox"
        indexes = [models.Index(fields=["subject", "task"], name="outbox_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.task}({self.subject})"


class Version(models.Model):
    """How new an object is, like `product:12`: raised by the triggers of `jobs.triggers` and by nobody else.

    It rises when the object is deleted, too, and the row stays for good: a version never goes back, also not for an
    object made again under the same key, and who finds none knows at which version there was none.
    """

    subject = ExactField(max_length=100, primary_key=True)
    version = models.BigIntegerField(help_text="Microseconds since 1970")

    class Meta:
        db_table = "jobs_version"

    def __str__(self) -> str:
        return f"{self.subject}={self.version}"
