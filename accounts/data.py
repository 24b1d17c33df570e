"""The objects that pages read of people: who somebody is, and who follows whom."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from jobs.versions import absent, versions_of
from scaling.cache import Built, CachedObject, Whole, fetch
from scaling.replicas import primary, snapshot
from scaling.walking import ids_after

from .models import Friendship, User

CIRCLES = ("following", "followers", "asked", "waiting", "blocked")
MOST_SHOWN = 200  # people of one circle


class People(CachedObject):
    """What everybody with an account may see of somebody. A closed account is nobody."""

    name = "person"
    form = "1: id name picture"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            rows = list(User.objects.using(alias).filter(pk__in=ids, is_active=True))
            versions = versions_of(self.name, ids, alias)
        cards = {row.pk: {"id": row.pk, "name": row.name, "picture": row.picture} for row in rows}
        return absent(versions) | {pk: Built(versions.get(pk, 0), card, card) for pk, card in cards.items()}

    def after(self, pk: int, most: int) -> Sequence[int]:
        return ids_after(User.objects.all(), pk, most)

    def count(self) -> int:
        return User.objects.count()


class Friends(CachedObject):
    """The circles of one person, as sorted ids: whom they follow, who follows them, who has asked them, whom they
    have asked, and whom they have blocked. The people are named, so their cards come in the same round trip."""

    name = "friends"
    form = f"2: {' '.join(CIRCLES)}"

    def assemble(self, ids: Sequence[int]) -> dict[int, Built]:
        with snapshot() as alias:
            there = list(User.objects.using(alias).filter(pk__in=ids).values_list("pk", flat=True))
            rows = Friendship.objects.using(alias).filter(Q(follower__in=there) | Q(followed__in=there))
            circles = circles_of(rows)
            versions = versions_of(self.name, ids, alias)
        return absent(versions) | {pk: self._built(versions.get(pk, 0), circles[pk]) for pk in there}

    def after(self, pk: int, most: int) -> Sequence[int]:
        return ids_after(User.objects.all(), pk, most)

    def count(self) -> int:
        return User.objects.count()

    def _built(self, version: int, circles: dict[str, list[int]]) -> Built:
        data = {circle: sorted(circles[circle]) for circle in CIRCLES}
        shown = dict.fromkeys(pk for circle in data.values() for pk in circle[:MOST_SHOWN])
        return Built(version, data, refs=[(PEOPLE, pk) for pk in shown])


def circles_of(rows) -> defaultdict[int, defaultdict[str, list[int]]]:
    """Friendships as each of the two sees them. Who is blocked sees nothing, not even whom they have blocked
    themselves: by blocking back nobody learns of a block. Nor does who asked by e-mail."""
    found: defaultdict = defaultdict(lambda: defaultdict(list))
    state = Friendship.State
    rows = list(rows)
    blocked = {(row.follower_id, row.followed_id) for row in rows if row.state == state.BLOCKED}
    for row in rows:
        follower, followed = found[row.follower_id], found[row.followed_id]
        if row.state == state.ACCEPTED:
            follower["following"].append(row.followed_id)
            followed["followers"].append(row.follower_id)
        elif row.state == state.BLOCKED:
            if (row.followed_id, row.follower_id) not in blocked:
                followed["blocked"].append(row.follower_id)
        else:
            followed["asked"].append(row.follower_id)
            if not row.by_email:
                follower["waiting"].append(row.followed_id)
    return found


PEOPLE = People()
FRIENDS = Friends()


def circles(user_id: int) -> dict[str, dict]:
    """Each circle of a person: how many there are, and the cards of the first. One round trip, and one statement on
    the primary, or none where nobody is shown: who has blocked them a moment ago is out of sight."""
    whole: Whole | None = fetch(FRIENDS.whole(user_id))[0]
    ids, cards = (whole.data, whole.cards) if whole else ({}, {})
    now = _now(user_id, [pk for _, pk in cards])
    return {circle: _circle(ids.get(circle, ()), cards, set(now[circle])) for circle in CIRCLES}


def _now(user_id: int, others: Sequence[int]) -> defaultdict[str, list[int]]:
    """Their circles as they are, of these people."""
    if not others:
        return defaultdict(list)
    with primary():
        mine, theirs = Q(follower=user_id, followed__in=others), Q(followed=user_id, follower__in=others)
        return circles_of(Friendship.objects.filter(mine | theirs))[user_id]


def _circle(ids: Sequence[int], cards: dict, now: set[int]) -> dict:
    people = [cards["person", pk] for pk in ids[:MOST_SHOWN] if pk in now and ("person", pk) in cards]
    return {"people": people, "more": max(0, len(ids) - MOST_SHOWN)}
