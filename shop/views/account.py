"""A customer's own page: orders, reviews, what their friends liked, details."""

from django.contrib.auth.decorators import login_required
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts.data import circles
from jobs.owners import of_user
from shop.cakes import cakes_of
from shop.history import history_of
from shop.stream import liked

GREETINGS = [(5, "Still up"), (12, "Good morning"), (18, "Good afternoon"), (24, "Good evening")]
NEWS = 5


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    context = history_of(request.user, request.GET.get("page", "1")) | {
        "me": _me(request),
        "news": liked(request.user.pk, 0, NEWS - 1).rows,
        "cakes": cakes_of(of_user(request.user.pk)),
        "asking": len(circles(request.user.pk)["asked"]["people"]),
        "greeting": greeting(timezone.localtime().hour),
        "notices": [str(message) for message in get_messages(request)],
    }
    return render(request, "account.html", context)


def _me(request: HttpRequest) -> dict:
    user = request.user
    return {
        "name": user.get_short_name(),
        "full_name": user.name,
        "picture": request.session.get("picture"),
        "since": user.created_at,
        "email": user.email,
        "phone": user.phone,
    }


def greeting(hour: int) -> str:
    return next(words for until, words in GREETINGS if hour < until)
