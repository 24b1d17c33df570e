"""Orders: placed whole or not at all, once for each basket, and taken back once.

Two customers want the last loaf at the same moment. Looking first and writing then would sell it to both; so stock
and slot are taken by updates that say what must still be true, in one transaction and one order of locks: stock by
product id, then the slot. The basket's id is unique on the order, so a double click or a retry is the same order.
"""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from jobs.cake.design import Design
from jobs.outbox import enqueue
from products.models import Stock
from scaling.replicas import primary
from scaling.retries import retried

from .cakes import designs_now, name_of
from .models import Order, OrderLine, Slot
from .slots import day_range, first_moment
from .till import names_now, offers_now


class OrderRefused(Exception):
    """The order was not placed and nothing was taken."""


class SoldOut(OrderRefused):
    """Of `product_ids` there is less than was asked for, or they are no longer sold."""

    def __init__(self, product_ids: list[int]) -> None:
        super().__init__(product_ids)
        self.product_ids = product_ids


class SlotFull(OrderRefused):
    """Nobody else can be served in that quarter of an hour, or it is too late to order for it."""


class CakesFull(SlotFull):
    """So many cakes are not handed over in that quarter of an hour, or it is too soon to make them."""


class CakeGone(OrderRefused):
    """We no longer make one of the cakes as it was designed."""


class PriceChanged(OrderRefused):
    """The things cost something else than what was shown."""


class TooLate(Exception):
    """The dough for this order has been mixed: past the cut-off it is not cancelled."""


@retried
def place_order(
    key: str,
    *,
    customer,
    contact: dict[str, str],
    slot_id: int,
    lines: dict[int, int],
    shown_total: int,
    cakes: Sequence[str] = (),
) -> Order:
    """Order `lines` (product id: quantity) and `cakes` (keys of the jobs that draw them) for a slot at `shown_total`
    cents; `key` is the id of their basket.

    `contact` holds name, email, phone and note; `customer` is a user or None. The same key again gives the order that
    is there. Raises SoldOut, CakeGone, SlotFull or PriceChanged, and then nothing has been taken.
    """
    try:
        with transaction.atomic():
            placed = Order.objects.filter(key=key).first()
            return placed or _place(key, customer, contact, slot_id, lines, cakes, shown_total)
    except (OrderRefused, IntegrityError):
        # The same key may have got there between our look and our commit; then it is what took the last loaf.
        with primary():
            placed = Order.objects.filter(key=key).first()
        if placed is None:
            raise
        return placed


def _place(key, customer, contact, slot_id, lines, cakes, shown_total) -> Order:
    if not (lines or cakes):
        raise SoldOut([])
    _take_stock(lines)
    goods, designs = _goods(lines), _designs(cakes)
    total = sum(cents * lines[product_id] for product_id, _, cents in goods)
    total += sum(design.price_cents for design in designs.values())
    if total != shown_total:
        raise PriceChanged
    slot = _take_slot(slot_id, len(designs))
    order = Order.objects.create(
        key=key, number=_next_number(slot), customer=customer, slot=slot, total_cents=total, **contact
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product_id=product_id, name=name, quantity=lines[product_id], unit_cents=cents)
        for product_id, name, cents in goods
    )
    OrderLine.objects.bulk_create(_cake_line(order, *cake) for cake in designs.items())
    enqueue("shop.tasks.send_confirmation", order.pk)
    return order


def _take_stock(lines: dict[int, int]) -> None:
    """All are tried, so that everything that is missing is told at once."""
    missing = []
    for product_id, quantity in sorted(lines.items()):
        enough = Stock.objects.filter(product_id=product_id, quantity__gte=quantity)
        if not enough.update(quantity=F("quantity") - quantity):
            missing.append(product_id)
    if missing:
        raise SoldOut(missing)


def _goods(lines: dict[int, int]) -> list[tuple[int, str, int]]:
    """Product id, name and price in cents as they are now, inside the transaction."""
    names, offers = names_now(lines), offers_now(lines)
    sold = {pk for pk, (_, is_published) in names.items() if is_published and pk in offers}
    if sold != lines.keys():
        raise SoldOut(sorted(lines.keys() - sold))
    return [(pk, names[pk][0], offers[pk]["price"]) for pk in sorted(lines)]


def _designs(cakes: Sequence[str]) -> dict[str, Design]:
    """Job keys and designs, as we make them now."""
    designs = designs_now(cakes)
    if designs.keys() != set(cakes):
        raise CakeGone
    return designs


def _cake_line(order: Order, job_key: str, design: Design) -> OrderLine:
    kept = {"name": name_of(design), "unit_cents": design.price_cents, "design": design.as_dict()}
    return OrderLine(order=order, quantity=1, job_key=job_key, **kept)


def _take_slot(slot_id: int, cakes: int) -> Slot:
    free = Slot.objects.free(cakes=cakes).filter(pk=slot_id, starts_at__gte=first_moment(cakes=cakes))
    if not free.update(taken=F("taken") + 1, cakes_taken=F("cakes_taken") + cakes):
        raise CakesFull if cakes else SlotFull
    return Slot.objects.get(pk=slot_id)


def _next_number(slot: Slot) -> int:
    """Counted afresh for each day of collection, the cancelled ones too: it is said at the counter."""
    start, end = day_range(timezone.localdate(slot.starts_at))
    return Order.objects.filter(slot__starts_at__gte=start, slot__starts_at__lt=end).count() + 1


@retried
def cancel_order(order: Order) -> bool:
    """Cancel it and put stock and place in the slot back; False when that had been done before. Raises TooLate."""
    if order.slot.starts_at < first_moment():
        raise TooLate
    with transaction.atomic():
        standing = Order.objects.filter(pk=order.pk, state=Order.State.PLACED)
        # The first of two clicks finds the order standing; the second finds nothing to give back.
        if not standing.update(state=Order.State.CANCELLED, cancelled_at=timezone.now()):
            return False
        for line in order.lines.exclude(product=None).order_by("product_id"):
            Stock.objects.filter(product_id=line.product_id).update(quantity=F("quantity") + line.quantity)
        cakes = order.lines.exclude(job_key="").count()
        Slot.objects.filter(pk=order.slot_id).update(taken=F("taken") - 1, cakes_taken=F("cakes_taken") - cakes)
    return True


def quantities(order: Order) -> dict[int, int]:
    """What was ordered: product id and how many. What is no longer in the tables is left out."""
    return {line.product_id: line.quantity for line in order.lines.all() if line.product_id}


def cakes_of(order: Order) -> list[str]:
    """The keys of the jobs that drew its cakes."""
    return [line.job_key for line in order.lines.all() if line.job_key]
