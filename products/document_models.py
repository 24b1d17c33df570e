"""How far work on all documents has come, and between which stores they move: rows of SQL, wherever documents lie."""

from django.db import models


class DocumentWalk(models.Model):
    """A walk through all products in the order of their keys. Whoever is at it holds the lease; whoever takes that
    over raises `attempt`, and what the one before still wants to note finds no row."""

    name = models.CharField(max_length=12, primary_key=True)
    of = models.CharField(max_length=500, blank=True, help_text="What the place is worth something for")
    place = models.BigIntegerField(default=0, help_text="The last product that is done")
    done = models.BigIntegerField(default=0, help_text="Products so far")
    is_over = models.BooleanField(default=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class DocumentMove(models.Model):
    """The one row that says which store of documents is read, and which are written: see `products.moving`. Stores
    are named by where they are, so that releases with other settings understand each other."""

    class Phase(models.TextChoices):
        ALONE = "alone"  # the source is read and written
        BOTH = "both"  # the source is read, both are written
        SWITCHED = "switched"  # the target is read, both are written

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.ALONE)
    source = models.CharField(max_length=500)
    target = models.CharField(max_length=500, blank=True)
    changed_at = models.BigIntegerField(default=0, help_text="Microseconds since 1970")

    def __str__(self) -> str:
        return f"{self.phase}: {self.source} {self.target}".strip()
