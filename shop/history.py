"""What the account page shows of a customer: orders to collect, orders past, reviews, and what to review next.

All of it is the customer's own, so it is read from the tables and never from an object that others share.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from products.data import cards
from products.models import Review
from products.pagination import page_of
from shop.cakes import pictures_of
from shop.models import Order
from shop.orders import cakes_of
from shop.reviews import not_yet_reviewed

ORDERS_A_PAGE = 8
MOST_REVIEWS = 100
STILL_WAITING = timedelta(hours=18)  # after the slot: an order that nobody has ticked off moves down to the past


def history_of(user, page_number: str) -> dict:
    """Raises Http404 for a page that is not there."""
    waiting, past = _orders(user)
    page = page_of(page_number, past.count(), ORDERS_A_PAGE)
    shown = list(past[page["start"] - 1 : page["end"]]) if page["total"] else []
    reviews = list(Review.objects.filter(author=user).select_related("product")[:MOST_REVIEWS])
    ask = not_yet_reviewed(user)
    waiting, bags = list(waiting), _kept(user).count()
    found = cards({*_product_ids([*waiting, *shown]), *ask})
    cakes = pictures_of(key for order in [*waiting, *shown] for key in cakes_of(order))
    return {
        "waiting": [order_row(order, found, cakes) for order in waiting],
        "past": [order_row(order, found, cakes) for order in shown],
        "page": page,
        "bags": bags,
        "reviews": [review_row(review) for review in reviews],
        "ask": [found[pk] for pk in ask if pk in found],
    }


def _kept(user):
    return Order.objects.filter(customer=user).exclude(state=Order.State.CANCELLED)


def _orders(user):
    """What is still to be collected, soonest first, and the rest, latest first."""
    orders = Order.objects.filter(customer=user).select_related("slot").prefetch_related("lines")
    to_collect = {"state": Order.State.PLACED, "slot__starts_at__gte": timezone.now() - STILL_WAITING}
    return orders.filter(**to_collect).order_by("slot__starts_at", "pk"), orders.exclude(**to_collect).order_by(
        "-slot__starts_at", "-pk"
    )


def _product_ids(orders: list[Order]) -> set[int]:
    return {line.product_id for order in orders for line in order.lines.all() if line.product_id}


WORDS = {
    Order.State.PLACED: "Not collected",
    Order.State.COLLECTED: "Collected",
    Order.State.CANCELLED: "Cancelled",
}


def order_row(order: Order, found: dict[int, dict], cakes: dict[str, str]) -> dict:
    lines = list(order.lines.all())
    pictures = [found[line.product_id]["picture"] for line in lines if line.product_id in found]
    return {
        "id": order.pk,
        "key": order.key,
        "number": order.number,
        "url": order.get_absolute_url(),
        "starts_at": order.slot.starts_at,
        "day": short_day(order.slot.starts_at),
        "words": WORDS[order.state],
        "what": ", ".join(f"{line.quantity} × {line.name}" if line.quantity > 1 else line.name for line in lines),
        "total": order.total_cents,
        "cakes": [cakes.get(line.job_key, "") for line in lines if line.job_key][:3],
        "pictures": [stem for stem in pictures if stem][:3],
        "can_repeat": any(line.job_key or line.product_id in found for line in lines),
    }


def short_day(moment: datetime) -> str:
    """14 Nov, with the year when it is another one than now."""
    at = timezone.localtime(moment)
    return f"{at.day} {at:%b}" if at.year == timezone.localdate().year else f"{at.day} {at:%b %Y}"


def review_row(review: Review) -> dict:
    product = review.product
    return {
        "product_id": product.pk,
        "product": product.name,
        "url": product.get_absolute_url() if product.is_published else "",
        "rating": review.rating,
        "body": review.body,
        "verified": review.is_verified,
        "is_hidden": review.is_hidden,
        "at": review.updated_at,
    }
