"""The checkout: who comes, and when. The basket's id is the order's key, so posting twice is ordering once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from shop.baskets import Basket, basket_of, retire
from shop.forms import CheckoutForm
from shop.models import Order
from shop.orders import (
    CakeGone,
    CakesFull,
    OrderRefused,
    SlotFull,
    SoldOut,
    cakes_of,
    place_order,
    quantities,
)
from shop.ownership import find_order, is_own, remember
from shop.slots import pickup_days
from shop.till import reckon

from .answers import private, see_other

STALE = "Your basket has changed since this page was made. Have a look, then order again."
EMPTY = "Your basket is empty."
NOT_READY = "Something in your basket is sold out. Take it out, or choose fewer, and go on."
PRICE_CHANGED = "A price has changed since this page was made. The total is the new one: order again if it suits you."
SLOT_FULL = "This time filled up a moment ago. Choose another one."
CAKES_FULL = "We cannot have the cake ready at this time any more. Choose another one."
CAKE_GONE = "We no longer make one of your cakes that way. Take it out of your basket, or design it anew."


@private
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    basket = basket_of(request)
    placed = _placed(request, basket)
    if placed:
        return _done(request, placed)
    if request.method == "POST":
        return _post(request, basket)
    till = reckon(basket)
    if not till["is_ready"]:
        messages.info(request, EMPTY if till["is_empty"] else NOT_READY)
        return see_other("basket")
    return _page(request, CheckoutForm(initial=_known_contact(request)), basket, till)


def _placed(request: HttpRequest, basket: Basket) -> Order | None:
    """The order that this form, or this basket, has become already. Nobody learns of anybody else's."""
    key = request.POST.get("key") or basket.id
    order = find_order(key) if key else None
    # Whoever holds the basket placed its order, even where the session has not heard of it yet.
    return order if order and (key == basket.id or is_own(request, order)) else None


def _post(request: HttpRequest, basket: Basket) -> HttpResponse:
    if "show" in request.POST or "fit" in request.POST:
        return _revised(request, basket)
    till = reckon(basket)
    form = CheckoutForm(request.POST)
    if not form.is_valid():
        return _page(request, form, basket, till, status=422)
    if form.cleaned_data["key"] != basket.id:
        form.add_error(None, STALE)
        return _page(request, form, basket, till, status=409)
    request.session["contact"] = form.contact()
    try:
        return _done(request, _place(request, form, basket, till))
    except OrderRefused as refusal:
        till = reckon(basket)
        _explain(form, refusal, till)
        return _page(request, form, basket, till, status=409)


def _revised(request: HttpRequest, basket: Basket) -> HttpResponse:
    """Another day's times, or the basket cut down to what is left. Nothing is ordered and nothing typed is lost."""
    if "fit" in request.POST:
        till = reckon(basket)
        basket.set({line["id"]: line["most"] for line in till["lines"] if line["trouble"]})
        for cake in till["cakes"]:
            if cake["trouble"]:
                basket.remove_cake(cake["key"])
    till = reckon(basket)
    if till["is_empty"]:
        messages.info(request, EMPTY)
        return see_other("basket")
    return _page(request, CheckoutForm(initial=request.POST.dict()), basket, till)


def _place(request: HttpRequest, form: CheckoutForm, basket: Basket, till: dict) -> Order:
    return place_order(
        basket.id,
        customer=request.user if request.user.is_authenticated else None,
        contact=form.contact(),
        slot_id=form.cleaned_data["slot"],
        lines=till["quantities"],
        cakes=[cake["key"] for cake in till["cakes"]],
        shown_total=form.cleaned_data["shown"],
    )


def _done(request: HttpRequest, order: Order) -> HttpResponse:
    """The order is safe from here on. Were the basket not emptied now, the next look into it would do that."""
    remember(request, order.key)
    retire(request, order.key, quantities(order), cakes_of(order))
    return see_other(order)


def _explain(form: CheckoutForm, refusal: OrderRefused, till: dict) -> None:
    if isinstance(refusal, SlotFull):
        form.add_error("slot", CAKES_FULL if isinstance(refusal, CakesFull) else SLOT_FULL)
    elif isinstance(refusal, CakeGone):
        form.add_error(None, CAKE_GONE)
    elif isinstance(refusal, SoldOut):
        form.add_error(None, _sold_out(refusal.product_ids, till))


def _sold_out(product_ids: list[int], till: dict) -> str:
    missing = [line for line in till["lines"] if line["id"] in product_ids]
    if not missing:
        return EMPTY
    words = (f"{line['name']} ({line['left']} left)" if line["left"] else line["name"] for line in missing)
    return f"Sold out while you were ordering: {', '.join(words)}. Take it out of your basket, or choose fewer."


def _page(request: HttpRequest, form: CheckoutForm, basket: Basket, till: dict, *, status: int = 200) -> HttpResponse:
    """Whatever went wrong, the form keeps what was typed, and says so if the total is another than it last showed."""
    if form.is_bound and "shown" in form.cleaned_data and form.cleaned_data["shown"] != till["total"]:
        form.add_error(None, PRICE_CHANGED)
    days = pickup_days(cakes=len(till["cakes"]))
    chosen = form["slot"].value()
    context = {"form": form, "till": till, "key": basket.id, "days": days, "chosen_slot": str(chosen or "")}
    context["chosen"] = _chosen_day(days, request.POST.get("day"), context["chosen_slot"])
    return render(request, "checkout.html", context, status=status)


def _chosen_day(days: list[dict], day: str | None, slot: str) -> dict:
    """The day that was asked for, or that of the chosen slot, or the first with room."""
    for found in days:
        if day == found["date"].isoformat() and found["slots"]:
            return found
    for found in days:
        if any(slot == str(row["id"]) for row in found["slots"]):
            return found
    return next((found for found in days if found["is_open"]), days[0])


def _known_contact(request: HttpRequest) -> dict[str, str]:
    """What this visitor typed last, or what the customer's account says."""
    if "contact" in request.session:
        return request.session["contact"]
    user = request.user
    if not user.is_authenticated:
        return {}
    return {"name": user.name, "email": user.email, "phone": user.phone}
