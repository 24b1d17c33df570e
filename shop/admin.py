"""Orders and the quarters of an hour in which they are collected."""

from django import forms
from django.contrib import admin
from django.urls import path
from django.utils import timezone

from . import admin_pages  # noqa: F401, registers published pages
from .admin_cakes import cake_picture
from .admin_day import day_page, mark_collected
from .admin_exports import export_file, exports_page
from .models import Order, OrderLine, Slot
from .slots import day_range
from .wording import date_time, euro


class LineInline(admin.TabularInline):
    model = OrderLine
    fields = ("name", "says", "quantity", "price", "sum")
    readonly_fields = fields
    extra = 0

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    @admin.display
    def says(self, line: OrderLine) -> str:
        return line.design["inscription"] if line.design else ""

    @admin.display(description="price")
    def price(self, line: OrderLine) -> str:
        return euro(line.unit_cents)

    @admin.display
    def sum(self, line: OrderLine) -> str:
        return euro(line.cents)


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders are placed and cancelled in the shop, where stock and slot move with them; here they are handed over."""

    list_display = ("number", "name", "to_collect", "total", "state", "created_at")
    list_display_links = ("number", "name")
    list_filter = ("state",)
    list_select_related = ("slot",)
    date_hierarchy = "slot__starts_at"
    ordering = ("-slot__starts_at", "number")
    search_fields = ("=number", "name", "email", "phone")
    show_full_result_count = False
    inlines = (LineInline,)
    fields = ("number", "state", "slot", "total", "name", "email", "phone", "note", "customer", "created_at")
    readonly_fields = ("number", "state", "slot", "total", "email", "customer", "created_at")
    actions = ("collected",)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("day/", view(day_page), name="shop_order_day"),
            path("cakes/<str:key>/picture", view(cake_picture), name="shop_order_cake"),
            path("exports/", view(exports_page), name="shop_order_exports"),
            path("exports/<str:key>/", view(export_file), name="shop_order_export"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj: Order | None = None) -> bool:
        return False

    def save_model(self, request, order: Order, form, change: bool) -> None:
        order.save(update_fields=form.changed_data)  # the state may have moved on meanwhile

    @admin.display(ordering="slot__starts_at")
    def to_collect(self, order: Order) -> str:
        return date_time(order.slot.starts_at)

    @admin.display(ordering="total_cents")
    def total(self, order: Order) -> str:
        return euro(order.total_cents)

    @admin.action(description="Mark as collected", permissions=["change"])
    def collected(self, request, orders):
        self.message_user(request, f"{mark_collected(orders)} handed over.")


class WhenFilter(admin.SimpleListFilter):
    """From today on, unless the past is asked for."""

    title = "when"
    parameter_name = "when"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("all", "All"), ("past", "Past")]

    def choices(self, changelist):
        first, *others = super().choices(changelist)
        return [first | {"display": "From today"}, *others]

    def queryset(self, request, slots):
        today, _ = day_range(timezone.localdate())
        if self.value() is None:
            return slots.filter(starts_at__gte=today)
        return slots.filter(starts_at__lt=today) if self.value() == "past" else slots


class SlotForm(forms.ModelForm):
    class Meta:
        model = Slot
        fields = ("starts_at", "capacity", "cake_capacity")

    def clean_capacity(self) -> int:
        capacity = self.cleaned_data["capacity"]
        if capacity < self.instance.taken:
            raise forms.ValidationError(f"{self.instance.taken} places are taken already.")
        return capacity

    def clean_cake_capacity(self) -> int:
        capacity = self.cleaned_data["cake_capacity"]
        if capacity < self.instance.cakes_taken:
            raise forms.ValidationError(f"{self.instance.cakes_taken} cakes are ordered already.")
        return capacity


@admin.register(Slot)
class SlotAdmin(admin.ModelAdmin):
    """Capacity is the bakery's to set; how many places are taken only orders say."""

    form = SlotForm
    list_display = ("when", "capacity", "taken", "free", "cake_capacity", "cakes_taken")
    list_editable = ("capacity", "cake_capacity")
    list_filter = (WhenFilter,)
    list_per_page = 50
    date_hierarchy = "starts_at"
    readonly_fields = ("taken", "cakes_taken")

    @admin.display(ordering="starts_at")
    def when(self, slot: Slot) -> str:
        return date_time(slot.starts_at)

    @admin.display
    def free(self, slot: Slot) -> int:
        return slot.capacity - slot.taken

    def get_changelist_form(self, request, **options):
        return SlotForm

    def save_model(self, request, slot: Slot, form, change: bool) -> None:
        slot.save(update_fields=form.changed_data if change else None)  # orders take places meanwhile

    def has_delete_permission(self, request, obj: Slot | None = None) -> bool:
        return False
