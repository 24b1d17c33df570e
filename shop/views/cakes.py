"""Designing a birthday cake: the form, its price and drawing as one chooses, and asking for the picture."""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import limits
from jobs.cake import options
from jobs.work import TooMany
from shop import cakes
from shop.job_owners import HAS_JOBS, job_or_404, owner_of
from shop.slots import ready_from

from .answers import private, see_other

WRONG_INPUT = 422
TOO_MANY = 429
NO_ADDRESS = "This does not look like an e-mail address. Example: ana@example.com"
WAITING = "{most} cakes are being painted for you already. Stop one of them, or ask again when one is ready."
TABLES = {
    "tiers": options.TIERS,
    "sponge": options.SPONGES,
    "glaze": options.GLAZES,
    "cream": options.CREAMS,
    "topping": options.TOPPINGS,
    "plate": options.PLATES,
    "mood": options.MOODS,
}


@private
@require_http_methods(["GET", "HEAD", "POST"])
def designer(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, _begun(request))
    typed = cakes.typed_in(request.POST)
    design, wrong = cakes.read(typed)
    if "show" in request.POST:
        return _page(request, typed)
    email = _email(request, wrong)
    if wrong:
        return _page(request, typed, wrong=wrong, status=WRONG_INPUT)
    if seconds := limits.count(request, limits.CAKE):
        return limits.too_many(_page(request, typed, wait=limits.come_back(seconds)), seconds)
    try:
        job = cakes.have_painted(
            design, owner_of(request, opened=True), form_key=request.POST.get("key", ""), email=email
        )
    except TooMany as refusal:
        return _page(request, typed, wait=WAITING.format(most=refusal.most), status=TOO_MANY)
    request.session[HAS_JOBS] = True
    return see_other("job", job.key)


def _begun(request: HttpRequest) -> dict[str, str]:
    """The first choice, or with `?like=` what was chosen for a cake of the visitor's."""
    key = request.GET.get("like")
    kept = job_or_404(request, key).arguments if key else {}
    return cakes.typed_in({field: str(value) for field, value in kept.items()})


def _email(request: HttpRequest, wrong: dict[str, str]) -> str:
    """Where a guest wants to be written to. What is not an address is told in `wrong`."""
    email = "" if request.user.is_authenticated else request.POST.get("email", "").strip()
    try:
        if email:
            validate_email(email)
    except ValidationError:
        wrong["email"] = NO_ADDRESS
    return email


def _page(request: HttpRequest, typed: dict[str, str], *, wrong=None, wait="", status=200) -> HttpResponse:
    design, unsuitable = cakes.read(typed)
    wrong = wrong if wrong is not None else unsuitable
    context = {
        "typed": typed | {"email": request.POST.get("email", "")},
        "wrong": wrong,
        "wait": wait,
        "key": request.POST.get("key") or secrets.token_hex(16),
        "tables": TABLES,
        "candle_cents": options.CANDLE_CENTS,
        "max_candles": options.MAX_CANDLES,
        "bill": design.lines(),
        "total": design.price_cents,
        "allergens": design.allergens,
        "drawing": cakes.drawing(design, is_worded="inscription" not in wrong),
        "ready_from": ready_from(),
        "cakes": [] if "show" in request.POST else cakes.cakes_of(owner_of(request)),
        "is_guest": not request.user.is_authenticated,
    }
    return render(request, "designer.html", context, status=status)
