"""An order, for its owner: what was ordered, when to come, and taking it back while the dough is not mixed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from products.data import cards
from shop.baskets import MAX_QUANTITY, BasketFull, basket_of
from shop.cakes import design_of, designs_now, drawing, pictures_of
from shop.job_owners import remember_job
from shop.models import Order, OrderLine
from shop.orders import TooLate, cakes_of, cancel_order, quantities
from shop.ownership import find_order, is_signed, own_order_or_404, remember
from shop.slots import first_moment, slot_card

from .answers import private, see_other


@private
@require_safe
def order(request: HttpRequest, key: str) -> HttpResponse:
    if is_signed(key, request.GET.get("sign", "")):
        # The mail's link: remembered, and out of the address, so that it is not passed on by accident.
        remember(request, key)
        _remember_cakes(request, key)
        return see_other("order", key)
    found = own_order_or_404(request, key)
    context = {"order": order_data(found), "messages": messages.get_messages(request)}
    return render(request, "order.html", context)


def _remember_cakes(request: HttpRequest, key: str) -> None:
    """Whoever sees the order sees the pictures of its cakes."""
    found = find_order(key)
    for job_key in cakes_of(found) if found else []:
        remember_job(request, job_key)


@private
@require_POST
def cancel(request: HttpRequest, key: str) -> HttpResponse:
    found = own_order_or_404(request, key)
    try:
        cancel_order(found)
        messages.success(request, "Cancelled. Your place and your bread are free for somebody else.")
    except TooLate:
        messages.error(request, "It is past 18:00 and the dough is mixed: this order can no longer be cancelled.")
    return see_other("order", key)


@private
@require_POST
def again(request: HttpRequest, key: str) -> HttpResponse:
    """Fill the basket with the same things at today's prices, as far as there are any."""
    ordered = own_order_or_404(request, key)
    wanted, cakes = quantities(ordered), cakes_of(ordered)
    found = {pk: card for pk, card in cards(wanted).items() if card["band"] != "out" and card["price"] is not None}
    designs, basket = designs_now(cakes), basket_of(request, opened=True)
    try:
        for pk, card in found.items():
            basket.add(pk, min(wanted[pk], MAX_QUANTITY), card["price"])
        for job_key, design in designs.items():
            basket.add_cake(job_key, design.price_cents)
    except BasketFull:
        messages.error(request, "Your basket is full: not everything went in.")
    if len(found) + len(designs) < len(wanted) + len(cakes):
        messages.info(request, "Not everything of that order is to be had today.")
    return see_other("basket")


def order_data(found: Order) -> dict:
    """The order as its page shows it."""
    slot = slot_card(found.slot)
    lines = list(found.lines.all())
    looks = cards([line.product_id for line in lines if line.product_id])
    pictures = pictures_of(cakes_of(found))
    return {
        "key": found.key,
        "number": found.number,
        "name": found.name,
        "email": found.email,
        "note": found.note,
        "state": found.state,
        "total": found.total_cents,
        "slot": slot,
        "is_today": slot["day"] == timezone.localdate(),
        "can_cancel": found.state == Order.State.PLACED and found.slot.starts_at >= first_moment(),
        "lines": [
            _cake(line, pictures) if line.job_key else _line(line, looks.get(line.product_id, {})) for line in lines
        ],
    }


def _line(line, card: dict) -> dict:
    own = {"name": line.name, "quantity": line.quantity, "each": line.unit_cents, "cents": line.cents}
    return own | {"picture": card.get("picture", ""), "url": card.get("url", "")}


def _cake(line: OrderLine, pictures: dict[str, str]) -> dict:
    """A cake as it was sold. Where there is no picture, there is the drawing."""
    design = design_of(line.design)
    look = {"cake": pictures.get(line.job_key, ""), "drawing": drawing(design) if design else ""}
    return _line(line, {}) | look | {"words": " ".join(line.design["inscription"].split())}
