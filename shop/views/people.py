"""What a customer sees of another: name, picture, since when, and what they have said of our bread."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.contrib.messages import get_messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import limits
from accounts.friends import between
from accounts.models import Friendship, User
from products.models import Review
from products.pagination import page_of
from scaling.replicas import primary

from .answers import private

REVIEWS_A_PAGE = 10


@private
@login_required
@require_safe
@limits.limited(limits.PEOPLE, methods=("GET", "HEAD"))
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever has blocked the visitor looks the same as an account that is closed, that has said nothing in public
    and has nothing to do with the visitor, or that was never there: nobody finds people by counting."""
    rows = between(request.user.pk, pk)
    with primary():  # a review that was hidden a moment ago is hidden
        found = User.objects.filter(pk=pk, is_active=True).first()
        reviews = said_by(pk)
        total = reviews.count()
        is_known = total or is_tied(request.user.pk, pk, rows)
        if found is None or is_blocked(rows.get("mine")) or not is_known:
            raise Http404("There is nobody here.")
        page = page_of(request.GET.get("page"), total, REVIEWS_A_PAGE)
        shown = list(reviews.select_related("product")[max(0, page["start"] - 1) : page["end"]])
    context = {
        "person": {"id": pk, "name": found.name, "picture": found.picture, "since": found.created_at},
        "is_me": pk == request.user.pk,
        "following": following(rows.get("mine")),
        "theirs": rows["theirs"].state if "theirs" in rows else "",
        "reviews": [review_row(review) for review in shown],
        "page": page,
        "notices": [str(message) for message in get_messages(request)],
    }
    return render(request, "person.html", context)


def said_by(author: int) -> "QuerySet[Review]":
    """What everybody may read."""
    return Review.objects.filter(author=author, is_hidden=False, product__is_published=True)


def is_tied(me: int, pk: int, rows: Mapping[str, Friendship]) -> bool:
    """Whether the two have to do with each other, as far as the visitor may know; see `between`."""
    return pk == me or "theirs" in rows or bool(following(rows.get("mine")))


def may_meet(me: int, pk: int) -> bool:
    """Whether a visitor may ask or block somebody: not by counting, only where they could have seen them. Also who
    has blocked them, which they are not told. Asked of the primary."""
    rows = between(me, pk)
    with primary():
        return is_tied(me, pk, rows) or said_by(pk).exists()


def is_blocked(row: Friendship | None) -> bool:
    return row is not None and row.state == Friendship.State.BLOCKED


def following(mine: Friendship | None) -> str:
    """The state of the visitor's own wish to follow, as far as they may know: see `accounts.friends.ask`."""
    is_hidden = mine is None or (mine.state == Friendship.State.ASKED and mine.by_email)
    return "" if is_hidden else mine.state


def review_row(review: Review) -> dict:
    product = review.product
    return {
        "product": product.name,
        "url": product.get_absolute_url(),
        "rating": review.rating,
        "body": review.body,
        "verified": review.is_verified,
        "at": review.created_at,
    }
