"""The outbox: work that was decided in a transaction and must be done after it."""

import time

from django.db import models


def now_us() -> int:
    """Microseconds since 1970: the unit of every version and of every due time."""
    return time.time_ns() // 1000


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

    class Meta:
        db_table = "jobs_outbox"
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return f"{self.task}({self.subject})"
