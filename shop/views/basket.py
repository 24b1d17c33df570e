"""The basket: looking into it, changing it, and putting something in from a page that is the same for everybody."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from products.data import cards
from shop.baskets import CAKE, MAX_LINES, MAX_QUANTITY, BasketFull, basket_of, count
from shop.forms import AddForm, IdField, QuantityField
from shop.origins import is_from_our_pages
from shop.till import reckon

from .answers import private, see_other, wants_json


@private
@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    typed = {name[2:]: text for name, text in request.POST.items() if name.startswith("n-")}
    if request.POST.get("remove", "").startswith(CAKE):
        basket_of(request).remove_cake(request.POST["remove"].removeprefix(CAKE))
        return see_other("basket")
    if "remove" in request.POST:
        typed = {request.POST["remove"]: "0"}
    quantities, bad = _quantities(typed)
    basket_of(request).set(quantities)
    if bad:
        return _page(request, said="One line needs another look.", bad=bad, status=422)
    return see_other("checkout" if request.POST.get("then") == "checkout" else "basket")


def _quantities(typed: dict[str, str]) -> tuple[dict[int, int], dict[str, tuple[str, str]]]:
    """What can be done, and for the rest what was typed and what is wrong with it."""
    good, bad = {}, {}
    for product_id, text in typed.items():
        try:
            good[IdField().clean(product_id)] = QuantityField(least=0).clean(text)
        except ValidationError as error:
            bad[product_id] = (text, " ".join(error.messages))
    return good, bad


@csrf_exempt
@private
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put `n` pieces of `product` in. Holds no token by itself: see `shop.origins`."""
    form = AddForm({"product": request.POST.get("product"), "n": request.POST.get("n", "1")})
    if "product" in form.errors:
        return _refused(request, "We do not bake this, or not any more.", 404)
    if form.errors:
        return _refused(request, form.errors["n"][0], 422)
    product_id, quantity = form.cleaned_data["product"], form.cleaned_data["n"]
    card = cards([product_id]).get(product_id)
    if card is None:
        return _refused(request, "We do not bake this, or not any more.", 404)
    if card["band"] == "out" or card["price"] is None:
        return _refused(request, f"{card['name']} is sold out for now.", 409)
    if not is_from_our_pages(request):
        return _confirm(request, card, quantity)
    return _put_in(request, card, quantity)


def _put_in(request: HttpRequest, card: dict, quantity: int) -> HttpResponse:
    try:
        held = basket_of(request, opened=True).add(card["id"], quantity, card["price"])
    except BasketFull:
        return _refused(request, f"{MAX_LINES} different things are the most for one bag.", 409)
    said = f"{card['name']} is in your basket."
    if held == MAX_QUANTITY:
        said += f" You have {held} of it, the most for one bag."
    if wants_json(request):
        return JsonResponse({"basket": count(request), "said": said})
    messages.success(request, said)
    return see_other("basket")


def _refused(request: HttpRequest, said: str, status: int) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"basket": count(request), "said": said}, status=status)
    return _page(request, said=said, status=status)


def _confirm(request: HttpRequest, card: dict, quantity: int) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"basket": count(request), "said": "Open this page anew, then add it again."}, status=403)
    return render(request, "basket_confirm.html", {"card": card, "quantity": quantity})


def _page(request: HttpRequest, *, said: str = "", bad: dict | None = None, status: int = 200) -> HttpResponse:
    context = {
        "till": reckon(basket_of(request)),
        "said": said,
        "bad": bad or {},
        "messages": messages.get_messages(request),
        "max_quantity": MAX_QUANTITY,
    }
    return render(request, "basket.html", context, status=status)
