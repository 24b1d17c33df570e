"""Orders of the demo bakery: those that its reviews follow from, and some that are still to be collected."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from products import bakery
from products.models import Product

from .models import Order, OrderLine, Slot
from .slots import quarters

SMALL_CENTS = 500  # of what costs less, some take two


@dataclass
class Visit:
    """Somebody collects `goods` (slug: how many) so many `days` ago; below zero, they are to come."""

    by: str
    days: int
    goods: dict[str, int]
    note: str = ""
    is_cancelled: bool = False

    @property
    def key(self) -> str:
        """The same in every run, so that a second one finds it."""
        return sha256(f"{self.by} {self.days}".encode()).hexdigest()[:32]

    def start(self, now: datetime.datetime) -> datetime.datetime:
        """A quarter hour of that day or, when the shop is closed then, of the next one away from today."""
        day = timezone.localdate(now) - datetime.timedelta(days=self.days)
        while not quarters(day):
            day += datetime.timedelta(days=-1 if self.days > 0 else 1)
        choice = quarters(day)
        return choice[int(self.key, 16) % len(choice)]


def load_orders(people: dict[str, User], now: datetime.datetime) -> int:
    """Add the orders that are missing and take their slots. Returns how many those are."""
    visits = _missing()
    starts = {visit.key: visit.start(now) for visit in visits}
    visits.sort(key=lambda visit: starts[visit.key])
    slots = _take_slots(visits, starts)
    goods = {product.slug: product for product in Product.objects.filter(slug__in=_prices())}
    orders = [_order(visit, people[visit.by], slots[starts[visit.key]], now) for visit in visits]
    _number(orders)
    Order.objects.bulk_create(orders)
    by_key = {order.key: order for order in Order.objects.filter(key__in=starts).select_related("slot")}
    OrderLine.objects.bulk_create(line for visit in visits for line in _lines(visit, by_key[visit.key], goods))
    _date_back(by_key.values(), now)
    return len(orders)


def _missing() -> list[Visit]:
    planned = [*_from_reviews(), *(Visit(**order) for order in bakery.orders())]
    keys = [visit.key for visit in planned]
    there = set(Order.objects.filter(key__in=keys).values_list("key", flat=True))
    return [visit for visit in planned if visit.key not in there]


def _from_reviews() -> list[Visit]:
    """One a customer and day: what they reviewed they had collected two or three days before."""
    bought: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    for said in bakery.reviews("bought"):
        slug, days = said["product"], said["days"] + 2 + len(said["product"]) % 2
        is_small = _prices()[slug] < SMALL_CENTS
        bought[said["by"], days][slug] = 1 + len(said["body"]) % 2 if is_small else 1
    return [Visit(by, days, goods) for (by, days), goods in bought.items()]


def _prices() -> dict[str, int]:
    """The regular price in cents of everything on the shelves."""
    return {item["slug"]: item["price"] for shelf in bakery.shelves() for item in shelf["products"]}


def _take_slots(visits: Iterable[Visit], starts: dict[str, datetime.datetime]) -> dict[datetime.datetime, Slot]:
    """The slots by their start; those of past days are made. A cancelled order has given its place back."""
    moments = set(starts.values())
    Slot.objects.bulk_create((Slot(starts_at=moment) for moment in moments), ignore_conflicts=True)
    for moment, count in Counter(starts[visit.key] for visit in visits if not visit.is_cancelled).items():
        Slot.objects.filter(starts_at=moment).update(taken=F("taken") + count)
    return {slot.starts_at: slot for slot in Slot.objects.filter(starts_at__in=moments)}


def _order(visit: Visit, customer: User, slot: Slot, now: datetime.datetime) -> Order:
    state = Order.State.COLLECTED if slot.starts_at < now else Order.State.PLACED
    return Order(
        key=visit.key,
        customer=customer,
        name=customer.name,
        email=customer.email,
        note=visit.note,
        slot=slot,
        state=Order.State.CANCELLED if visit.is_cancelled else state,
        total_cents=sum(_prices()[slug] * count for slug, count in visit.goods.items()),
        cancelled_at=slot.starts_at - datetime.timedelta(days=1) if visit.is_cancelled else None,
    )


def _number(orders: list[Order]) -> None:
    """Counted afresh for each day of collection, after those that are there."""
    taken = Counter(timezone.localdate(start) for start in Order.objects.values_list("slot__starts_at", flat=True))
    for order in orders:
        day = timezone.localdate(order.slot.starts_at)
        taken[day] += 1
        order.number = taken[day]


def _lines(visit: Visit, order: Order, goods: dict[str, Product]) -> list[OrderLine]:
    """A product that somebody has removed since stays in the line by its slug."""
    return [
        OrderLine(
            order=order,
            product=goods.get(slug),
            name=goods[slug].name if slug in goods else slug,
            quantity=count,
            unit_cents=_prices()[slug],
        )
        for slug, count in visit.goods.items()
    ]


def _date_back(orders: Iterable[Order], now: datetime.datetime) -> None:
    """`created_at` says now of every new row; these were placed the day before they were to be collected."""
    orders = list(orders)
    for order in orders:
        order.created_at = min(order.slot.starts_at - datetime.timedelta(hours=19), now)
    Order.objects.bulk_update(orders, ["created_at"], batch_size=200)
