"""A job, for its owner: the cake's picture as it is painted, stopping it, trying again, and into the basket."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_POST, require_safe

from jobs.cake.progress import PASSES
from jobs.cakes import CAKE
from jobs.models import UNFINISHED, Job, State
from jobs.signal import standing
from jobs.work import TooMany
from jobs.work import cancel as stop
from jobs.work import retry as try_again
from shop import cakes
from shop.baskets import BasketFull, basket_of
from shop.cake_pictures import sent
from shop.job_owners import (
    HAS_JOBS,
    is_own_job,
    is_signed_job,
    job_or_404,
    own_job_or_404,
    remember_job,
    said_owner_of,
)
from shop.slots import ready_from
from shop.wording import to_go

from .answers import private, see_other
from .cakes import WAITING


@private
@require_safe
def job(request: HttpRequest, key: str) -> HttpResponse:
    if is_signed_job(key, request.GET.get("sign", "")):
        # The mail's link: remembered, and out of the address, so that it is not passed on by accident.
        remember_job(request, key)
        return see_other("job", key)
    found = job_or_404(request, key)
    design = cakes.design_of(found.arguments)
    if design is None:
        raise Http404("We no longer make such a cake.")
    context = {
        "job": stand_of(found),
        "is_own": is_own_job(request, found),
        "coats": PASSES,
        "words": cakes.words_of(design),
        "sheet": cakes.sheet(found.arguments),
        "total": design.price_cents,
        "drawing": cakes.drawing(design),
        "ready_from": ready_from(),
        "messages": messages.get_messages(request),
    }
    return render(request, "job.html", context)


def stand_of(found: Job) -> dict:
    """How a job stands, as the notice and its own page show it."""
    listed = {row["key"]: row for row in standing(found.owner)}.get(found.key, {})
    own = {
        "key": found.key,
        "title": found.title,
        "progress": found.render.progress if found.render else 0,
        "picture_number": found.picture_number,
        "seconds_left": None,
    }
    return shown(own | listed | {"state": found.state})


def shown(row: dict) -> dict:
    """A row of `standing` with its addresses, and how many of its coats are on."""
    return {
        "key": row["key"],
        "state": row["state"],
        "progress": row["progress"],
        "left": to_go(row["seconds_left"]),
        "title": row["title"],
        "number": row["picture_number"],
        "picture": cakes.picture_address(row["key"], row["picture_number"]) if row["picture_number"] else "",
        "url": reverse("job", args=[row["key"]]),
        "basket": reverse("job_basket", args=[row["key"]]),
        "coats": PASSES if row["state"] == State.DONE else min(row["picture_number"], PASSES),
        "is_running": row["state"] in UNFINISHED,
    }


@cache_control(private=True, no_cache=True)
@require_safe
@conditional_page
def mine(request: HttpRequest) -> JsonResponse:
    """How the visitor's cakes stand, for the notice. Asked twice a second: no SQL, and 304 when nothing moved."""
    owner = said_owner_of(request)
    rows = [shown(row) for row in standing(owner) if row["kind"] == CAKE.name] if owner else []
    rows = [row for row in rows if row["state"] != State.CANCELLED]
    if not rows and request.session.get(HAS_JOBS):
        del request.session[HAS_JOBS]
    return JsonResponse({"jobs": rows})


@require_safe
def picture(request: HttpRequest, key: str) -> HttpResponseBase:
    return sent(job_or_404(request, key), request.GET.get("n"))


@private
@require_POST
def cancel(request: HttpRequest, key: str) -> HttpResponse:
    if stop(own_job_or_404(request, key)):
        messages.success(request, "Stopped. Your design is kept.")
    return see_other("job", key)


@private
@require_POST
def retry(request: HttpRequest, key: str) -> HttpResponse:
    try:
        if try_again(own_job_or_404(request, key)):
            request.session[HAS_JOBS] = True
    except TooMany as refusal:
        messages.error(request, WAITING.format(most=refusal.most))
    return see_other("job", key)


@private
@require_POST
def basket(request: HttpRequest, key: str) -> HttpResponse:
    """The cake itself, as designed, on a line of its own."""
    found = job_or_404(request, key)
    design = cakes.design_of(found.arguments)
    if design is None:
        raise Http404("We no longer make such a cake.")
    try:
        basket_of(request, opened=True).add_cake(key, design.price_cents)
        messages.success(request, f"{cakes.name_of(design)}, is in your basket.")
    except BasketFull:
        messages.error(request, "Your basket is full: order what is in it first.")
    return see_other("basket")
