"""Which pages are published, and what each is made of."""

from django.db import models

from scaling.uses import CARD, WHOLE

from .fields import ExactField

PARTS = {WHOLE: -1, CARD: -2}  # as a first rank: not a slice of a listing, but that part of an object


class Page(models.Model):
    """A page of one release. `drawn` is the highest number that a publisher has drawn, `number` that of whoever noted
    last what the page is made of, `size` what is in place (bytes before packing), None while there is none."""

    release = ExactField(max_length=100)
    path = ExactField(max_length=150)
    drawn = models.BigIntegerField(default=0)
    number = models.BigIntegerField(default=0)
    times = models.PositiveIntegerField(default=0, help_text="How often it was published")
    size = models.PositiveIntegerField(null=True, help_text="Bytes, before it is packed")
    published_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)  # for the first time, since it was published last
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "jobs_page"
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["release", "path"], name="one_page_a_path")]
        indexes = [models.Index(fields=["failed_at"], name="page_failed")]

    def __str__(self) -> str:
        return self.path


class PageUse(models.Model):
    """That a page is made of an object ("product:12"), whole or as a card, or of a slice of a listing: the ids from
    rank `first` to `last`. With a digest of what was read, and the length of a listing where the page shows it."""

    page = models.ForeignKey(Page, models.CASCADE, related_name="uses")
    subject = ExactField(max_length=120)
    first = models.IntegerField()
    last = models.IntegerField()
    digest = ExactField(max_length=16)
    total = models.IntegerField(null=True)

    class Meta:
        db_table = "jobs_pageuse"
        indexes = [models.Index(fields=["subject", "first", "last"], name="pages_of_a_subject")]
        constraints = [models.UniqueConstraint(fields=["page", "subject", "first", "last"], name="one_use_a_page")]

    def __str__(self) -> str:
        part = next((part for part, first in PARTS.items() if first == self.first), f"{self.first} to {self.last}")
        return f"{self.subject} {part}"
