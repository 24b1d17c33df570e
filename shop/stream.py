"""Activity streams: what those whom somebody follows have liked.

An activity is a cached object, a review of four or five out of five. The script that stores it also moves its entries
in the streams of its author's followers: so the worker fans it out, and a reader reads one slice of one listing. What
is hidden, and whom one follows, is asked of the primary when it is read: of that a listing may be a moment behind.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db.models import QuerySet
from django.utils.text import Truncator

from accounts.models import Friendship
from jobs.versions import absent, versions_of
from products.data import cards
from products.models import Review
from scaling.cache import Built, CachedObject, Stored, fetch
from scaling.listings import Listing, known
from scaling.reading import CACHE_DOWN
from scaling.replicas import primary, snapshot
from scaling.walking import ids_after

LIKED = 4  # out of five
FIRST_WORDS = 160  # characters
LONGEST = 500  # activities in one stream
COMPARED = 250  # of them by the sampler


@dataclass(frozen=True, slots=True)
class Liked:
    """A part of a stream, the newest first. `total` counts the whole stream."""

    total: int
    rows: list[dict]


class Activities(CachedObject):
    """What somebody did that their followers may see. Its id is the review's."""

    name = "activity"
    form = "1: id kind author_id author picture product_id rating words at"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            rows = list(likes().using(alias).filter(pk__in=ids).select_related("author"))
            followers = followers_of({row.author_id for row in rows}, alias)
            versions = versions_of(self.name, ids, alias)
        built = {row.pk: self._built(versions.get(row.pk, 0), row, followers[row.author_id]) for row in rows}
        return absent(versions) | built

    def after(self, pk: int, most: int) -> Sequence[int]:
        return ids_after(Review.objects.all(), pk, most)

    def count(self) -> int:
        return Review.objects.count()

    def _built(self, version: int, row: Review, followers: Sequence[int]) -> Built:
        card = activity_card(row)
        entries = [(stream_key(follower), *place(row.pk, row.created_at)) for follower in followers]
        return Built(version, card, card, entries=entries)


def activity_card(row: Review) -> dict:
    return {
        "id": row.pk,
        "kind": "review",
        "author_id": row.author_id,
        "author": row.author.name,
        "picture": row.author.picture,
        "product_id": row.product_id,
        "rating": row.rating,
        "words": Truncator(" ".join(row.body.split())).chars(FIRST_WORDS, truncate="…"),
        "at": row.created_at.isoformat(),
    }


def likes() -> "QuerySet[Review]":
    return Review.objects.filter(
        rating__gte=LIKED, is_hidden=False, author__is_active=True, product__is_published=True
    )


def likes_for(follower: int) -> "QuerySet[Review]":
    """What a follower may see now."""
    followed = Friendship.objects.accepted().filter(follower=follower).values("followed")
    return likes().filter(author__in=followed)


def followers_of(authors: Iterable[int], alias: str) -> defaultdict[int, list[int]]:
    rows = Friendship.objects.using(alias).accepted().filter(followed__in=authors)
    found = defaultdict(list)
    for followed, follower in rows.values_list("followed", "follower"):
        found[followed].append(follower)
    return found


def stream_key(follower: int) -> str:
    return f"l:stream:{follower}"


def place(pk: int, at: datetime) -> tuple[float, str]:
    """Its score, the newest lowest, and its member."""
    return -at.timestamp(), f"{pk:019}|{pk}"


def stream_rows(follower: int, most: int | None = None) -> Iterable[tuple[float, str]]:
    newest = likes_for(follower).order_by("-created_at", "pk").values_list("pk", "created_at")
    return [place(pk, at) for pk, at in newest[: most or LONGEST]]


def stream_ids(follower: int, first: int, last: int) -> tuple[int, list[int]]:
    newest = likes_for(follower).order_by("-created_at", "pk").values_list("pk", flat=True)[:LONGEST]
    return newest.count(), list(newest[first : last + 1])


def stream_of(follower: int) -> Listing:
    rows, ids = partial(stream_rows, follower), partial(stream_ids, follower)
    return Listing(stream_key(follower), ACTIVITIES, rows, ids, is_sieved=True)


def stream_under(key: str) -> Listing | None:
    """The stream that is kept under a key of `stream_key`, as far as it can be compared: where it was cut off, the
    oldest do not move up when newer ones go."""
    follower = key.removeprefix("l:stream:")
    if not (follower.isascii() and follower.isdecimal() and len(follower) < 19):
        return None
    return replace(stream_of(int(follower)), rows=partial(stream_rows, int(follower), COMPARED))


known["l:stream:"] = stream_under


def liked(follower: int, first: int, last: int) -> Liked:
    """From rank `first` to `last` of somebody's stream, each with the card of its product. Once it is warm: two round
    trips to the cache, and one statement, or none where there is nothing to show."""
    stream = fetch(stream_of(follower).slice(first, min(last, LONGEST - 1)))[0]
    total = min(stream.total, LONGEST)
    shown = _visible(follower, stream.cards)
    if stream.is_cached and len(shown) < min(last + 1, total) - first:
        with suppress(*CACHE_DOWN):
            drop_streams([follower])  # it names what is no longer to be seen: the next reader builds it anew
    goods = cards({row["product_id"] for row in shown})
    return Liked(total, [_row(row, goods) for row in shown if row["product_id"] in goods])


def _row(activity: Stored, goods: dict[int, dict]) -> dict:
    return activity | {"product": goods[activity["product_id"]]}


def _visible(follower: int, activities: list[Stored]) -> list[Stored]:
    if not activities:
        return []
    with primary():
        seen = set(likes_for(follower).filter(pk__in=[row["id"] for row in activities]).values_list("pk", flat=True))
    return [row for row in activities if row["id"] in seen]


def drop_streams(followers: Iterable[int]) -> None:
    """After a friendship has changed."""
    for follower in followers:
        stream_of(follower).forget()


ACTIVITIES = Activities()
