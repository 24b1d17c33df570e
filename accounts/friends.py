"""Who follows whom. To follow somebody is to ask; to be followed is to have said yes.

Whatever two people do at once, one row a direction and the conditions of the statements hold the rules: nobody
accepts what was not asked, and where one of two has blocked the other, neither follows.
"""

from django.db import transaction

from scaling.replicas import primary
from scaling.retries import retried

from .models import Friendship, User


@retried
@transaction.atomic
def ask(follower: int, followed: int, *, by_email: bool = False) -> None:
    """Ask to follow. Where that is not welcome nothing happens, and nobody is told.

    What was asked by e-mail is not shown to who asked: it would tell whose address it is.
    """
    if len(_locked(follower, followed).filter(is_active=True)) < 2:
        return
    if Friendship.objects.blocked().between(follower, followed).exists():
        return
    row, is_new = Friendship.objects.get_or_create(
        follower_id=follower, followed_id=followed, defaults={"by_email": by_email}
    )
    if row.by_email and not (is_new or by_email):
        Friendship.objects.filter(pk=row.pk).update(by_email=False)


@retried
@transaction.atomic
def accept(followed: int, follower: int) -> bool:
    """Say yes to who asked. False when nobody asks (any more)."""
    asked = Friendship.objects.asked().filter(follower=follower, followed=followed)
    return bool(asked.update(state=Friendship.State.ACCEPTED, by_email=False))


@retried
@transaction.atomic
def refuse(followed: int, follower: int) -> bool:
    """Say no to who asked, or no longer to who follows. They may ask again."""
    return _end(follower, followed)


@retried
@transaction.atomic
def unfollow(follower: int, followed: int) -> bool:
    """Follow no longer, or ask no longer."""
    return _end(follower, followed)


@retried
@transaction.atomic
def block(blocker: int, other: int) -> None:
    """At once neither follows the other, and `other` can no longer ask. Where there is no such account nothing
    happens, and nobody is told."""
    if len(_locked(blocker, other)) < 2:
        return
    _end(blocker, other)
    blocked = {"state": Friendship.State.BLOCKED, "by_email": False}
    Friendship.objects.update_or_create(follower_id=other, followed_id=blocker, defaults=blocked)


@retried
@transaction.atomic
def unblock(blocker: int, other: int) -> bool:
    """Let them ask again. Nobody follows by that."""
    deleted, _ = Friendship.objects.blocked().filter(follower=other, followed=blocker).delete()
    return bool(deleted)


def between(me: int, other: int) -> dict[str, Friendship]:
    """What is between two people: my row at `mine`, theirs at `theirs`. Asked of the primary: it decides who sees."""
    with primary():
        rows = list(Friendship.objects.between(me, other))
    return {"mine" if row.follower_id == me else "theirs": row for row in rows}


def _locked(one: int, other: int):
    """The two of them, in one order for everybody, so that what is done between them is done one after the other."""
    return User.objects.select_for_update().filter(pk__in=[one, other]).order_by("pk").only("pk")


def _end(follower: int, followed: int) -> bool:
    """One direction, unless it is a block: that is not the follower's to take away."""
    rows = Friendship.objects.filter(follower=follower, followed=followed)
    deleted, _ = rows.exclude(state=Friendship.State.BLOCKED).delete()
    return bool(deleted)
