"""Orders: collected at the shop on a chosen day and slot, paid at the counter."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from products.fields import CentsField
from products.models import Product


class SlotQuerySet(models.QuerySet):
    def free(self, *, cakes: int = 0) -> "SlotQuerySet":
        """Those with room for one more order, and for so many cakes in it."""
        free = self.filter(taken__lt=F("capacity"))
        return free.filter(cake_capacity__gte=F("cakes_taken") + cakes) if cakes else free


class Slot(models.Model):
    """A quarter of an hour in which `capacity` orders can be collected, and in them `cake_capacity` cakes that were
    made to order. Rows exist 30 days ahead."""

    starts_at = models.DateTimeField(unique=True)
    capacity = models.PositiveSmallIntegerField(default=8)
    taken = models.PositiveSmallIntegerField(default=0)
    cake_capacity = models.PositiveSmallIntegerField(default=3)
    cakes_taken = models.PositiveSmallIntegerField(default=0)

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(taken__lte=F("capacity")), name="a_slot_is_never_overbooked"),
            models.CheckConstraint(
                condition=Q(cakes_taken__lte=F("cake_capacity")), name="a_slot_never_holds_too_many_cakes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%a %d %b %H:%M}"


class Order(models.Model):
    class State(models.TextChoices):
        PLACED = "placed"
        COLLECTED = "collected"
        CANCELLED = "cancelled"

    key = models.CharField(max_length=32, unique=True, editable=False, help_text="The id of the basket it came from")
    number = models.PositiveIntegerField(editable=False, help_text="Said at the counter")
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="orders"
    )
    name = models.CharField("name on the bag", max_length=80)
    email = models.EmailField()
    phone = models.CharField(max_length=30, blank=True)
    note = models.CharField(max_length=300, blank=True)
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="orders")
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLACED)
    total_cents = CentsField("total in €")
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Order {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("order", args=[self.key])


class OrderLine(models.Model):
    """So many of a product; or one cake that was made to order, with its design as it was sold and the job that drew
    it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.SET_NULL, null=True, related_name="order_lines")
    name = models.CharField(max_length=80)
    quantity = models.PositiveSmallIntegerField()
    unit_cents = CentsField("price in €")
    design = models.JSONField(null=True, blank=True, editable=False)
    job_key = models.CharField(max_length=32, blank=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(quantity__gte=1), name="a_line_is_of_something")]
        indexes = [models.Index(fields=["job_key"], name="line_of_a_job")]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"

    @property
    def cents(self) -> int:
        return self.quantity * self.unit_cents


class GuestAddress(models.Model):
    """Where a guest wants to be told how a job has ended. Customers are told at the address of their account."""

    job_key = models.CharField(max_length=32, unique=True)
    email = models.EmailField()

    class Meta:
        verbose_name_plural = "guest addresses"

    def __str__(self) -> str:
        return self.email
