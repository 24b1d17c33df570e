"""The friends page: who asks, whom one follows, what they liked; and every answer that can be given there."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import friends as verbs
from accounts import limits
from accounts.data import circles
from accounts.forms import AskForm
from jobs.outbox import enqueue
from products.pagination import page_of, parse
from scaling.retries import retried
from shop.stream import liked

from .answers import private, see_other
from .people import may_meet

WRONG_INPUT = 422
A_PAGE = 12
AT_HOME = 3
TOO_LATE = "They no longer ask."

DEEDS: dict[str, tuple[Callable[[int, int], object], str]] = {
    "unfollow": (verbs.unfollow, "You no longer follow them."),
    "accept": (verbs.accept, "Good. They see what you like from now on."),
    "refuse": (verbs.refuse, "They do not see what you like."),
    "block": (verbs.block, "Blocked. You are out of each other’s sight, and nobody is told."),
    "unblock": (verbs.unblock, "No longer blocked. Either of you may ask again."),
}


@private
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def friends(request: HttpRequest) -> HttpResponse:
    """A POST asks by e-mail. It answers the same, and does the same, whether or not there is such an account: a
    worker looks."""
    if request.method != "POST":
        return _page(request, AskForm())
    if seconds := limits.count(request, limits.ASK):
        form = AskForm(initial=request.POST.dict())
        return limits.too_many(_page(request, form, wait=limits.come_back(seconds)), seconds)
    form = AskForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=WRONG_INPUT)
    _ask_later(request.user.pk, form.cleaned_data["email"].lower())
    messages.success(request, "Asked. If there is an account with that address, its owner decides.")
    return see_other("friends")


@retried
@transaction.atomic
def _ask_later(follower: int, email: str) -> None:
    enqueue("accounts.tasks.ask_by_email", f"{follower}:{email}")


@private
@login_required
@require_POST
@limits.limited(limits.ASK)
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask somebody. Whether they are there, and whether they want to hear of the visitor, makes no difference to the
    answer; it leads to a page that is there in any case."""
    if may_meet(request.user.pk, pk):
        verbs.ask(request.user.pk, pk)
    messages.success(request, "Asked. They show up here once they say yes.")
    return see_other("friends")


@private
@login_required
@require_POST
def answer(request: HttpRequest, pk: int, deed: str) -> HttpResponse:
    """One of DEEDS between the visitor and somebody else; there is no way to answer for a third. To block somebody
    who is not there, or who has blocked the visitor, is answered like any other block."""
    verb, words = DEEDS[deed]
    done = (deed != "block" or may_meet(request.user.pk, pk)) and verb(request.user.pk, pk)
    messages.success(request, TOO_LATE if deed == "accept" and not done else words)
    return see_other("person", pk) if request.POST.get("from") == "person" else see_other("friends")


def _page(request: HttpRequest, form: AskForm, *, status: int = 200, wait: str = "") -> HttpResponse:
    number = parse(request.GET.get("page"))
    first = (number - 1) * A_PAGE
    stream = liked(request.user.pk, first, first + A_PAGE - 1)
    context = {
        "circles": circles(request.user.pk),
        "stream": stream.rows,
        "page": page_of(number, stream.total, A_PAGE),
        "form": form,
        "wait": wait,
        "notices": [str(message) for message in messages.get_messages(request)],
    }
    return render(request, "friends.html", context, status=status)


@private
@require_safe
def news(request: HttpRequest) -> JsonResponse:
    """What the home page shows of a visitor's friends: HTML, or nothing where there is nothing or nobody."""
    rows = liked(request.user.pk, 0, AT_HOME - 1).rows if request.user.is_authenticated else []
    return JsonResponse({"html": render_to_string("liked.html", {"rows": rows}) if rows else ""})
