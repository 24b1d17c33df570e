"""Activity streams: what is liked reaches those who follow, and nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone
from redis.exceptions import ConnectionError as CacheDown

from accounts import friends
from accounts.models import Friendship, User
from products.models import Product, Review
from products.reviews import delete_review, write_review
from scaling.behind import behind
from scaling.listings import Slice
from scaling.stores import cache
from scaling.xray import measured
from shop import stream
from shop.stream import liked, stream_key
from tests.factories import make_follow, make_product, make_review, make_user, mallory, steve
from tests.servers import PATIENCE_SECONDS
from tests.shop.people import work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya():
    return make_user("Maya", email="maya@example.com")


@pytest.fixture
def followed(maya):
    """Maya, whom Steve follows."""
    make_follow(steve(), maya)
    return maya


def bodies(user, first=0, last=9):
    return [row["words"] for row in liked(user.pk, first, last).rows]


def ago(**time):
    return timezone.now() - timedelta(**time)


def test_a_row_says_who_liked_what(followed):
    loaf = make_product()
    review = make_review(loaf, followed, rating=4, body="Gone before\nwe were home.")
    row = liked(steve().pk, 0, 9).rows[0]
    assert (row["id"], row["kind"], row["author"], row["author_id"]) == (review.pk, "review", "Maya", followed.pk)
    assert (row["rating"], row["words"], row["at"]) == (
        4,
        "Gone before we were home.",
        review.created_at.isoformat(),
    )
    assert row["product"]["url"] == loaf.get_absolute_url()


def test_long_words_are_cut(followed):
    make_review(author=followed, body="word " * 200)
    words = bodies(steve())[0]
    assert len(words) <= 160 and words.endswith("…")


def test_only_four_and_five_are_liked(followed):
    for rating in range(1, 6):
        make_review(make_product(f"Loaf {rating}"), followed, rating=rating, body=f"{rating} of five")
    assert sorted(bodies(steve())) == ["4 of five", "5 of five"]


def test_only_whom_one_follows_is_seen(followed):
    make_review(author=mallory(), body="Mallory was here.")
    make_review(make_product("Rye"), steve(), body="My own.")
    make_follow(followed, steve(), Friendship.State.ASKED)
    assert bodies(steve()) == [] and bodies(followed) == []


def test_the_newest_comes_first_and_a_stream_has_pages(followed):
    for day in range(5):
        make_review(make_product(f"Loaf {day}"), followed, body=f"{day} days ago", created_at=ago(days=day))
    assert bodies(steve(), 0, 2) == ["0 days ago", "1 days ago", "2 days ago"]
    assert bodies(steve(), 3, 9) == ["3 days ago", "4 days ago"]
    assert liked(steve().pk, 0, 2).total == 5


def test_a_stream_is_bounded(followed, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST", 3)
    for day in range(5):
        make_review(make_product(f"Loaf {day}"), followed, body=f"{day} days ago", created_at=ago(days=day))
    for _ in range(2):
        assert bodies(steve()) == ["0 days ago", "1 days ago", "2 days ago"]
        assert liked(steve().pk, 0, 9).total == 3


def test_the_worker_that_stores_an_activity_fans_it_out(followed):
    make_review(author=followed, body="The first.", created_at=ago(days=1))
    work_off()
    assert bodies(steve()) == ["The first."]
    write_review(make_product("Rye").pk, followed, 5, "The second.", False)
    assert cache().zcard(stream_key(steve().pk)) == 1 + 1
    work_off()
    assert cache().zcard(stream_key(steve().pk)) == 1 + 2
    assert bodies(steve()) == ["The second.", "The first."]


@pytest.mark.django_db(transaction=True)
def test_a_warm_stream_costs_two_round_trips_and_the_one_statement_that_asks_what_may_be_seen(followed):
    for number in range(5):
        make_review(make_product(f"Loaf {number}"), followed)
    bodies(steve())
    assert behind.wait(PATIENCE_SECONDS)
    follower = steve().pk
    with measured() as cost:
        assert len(liked(follower, 0, 9).rows) == 5
    assert cost.trips == {"cache": 2}
    assert {alias: count for alias, count in cost.sql.items() if count} == {"default": 1}


@pytest.mark.django_db(transaction=True)
def test_who_follows_nobody_asks_no_database():
    follower = steve().pk
    liked(follower, 0, 9)
    assert behind.wait(PATIENCE_SECONDS)
    with measured() as cost:
        assert liked(follower, 0, 9).rows == []
    assert sum(cost.sql.values()) == 0


GONE = {
    "hidden": lambda review: Review.objects.update(is_hidden=True),
    "deleted": lambda review: delete_review(review.product_id, review.author),
    "liked no more": lambda review: write_review(review.product_id, review.author, 2, "Dry today.", False),
    "blocked": lambda review: friends.block(review.author_id, steve().pk),
    "blocked by the reader": lambda review: friends.block(steve().pk, review.author_id),
    "removed": lambda review: friends.refuse(review.author_id, steve().pk),
    "unfollowed": lambda review: friends.unfollow(steve().pk, review.author_id),
    "account closed": lambda review: User.objects.filter(pk=review.author_id).update(is_active=False),
    "account deleted": lambda review: review.author.delete(),
    "off the shelves": lambda review: Product.objects.update(is_published=False),
}


@pytest.mark.parametrize("how", GONE)
def test_what_may_not_be_seen_is_gone_before_any_worker_has_heard_of_it(followed, how):
    review = make_review(author=followed)
    assert len(bodies(steve())) == 1
    GONE[how](review)
    assert bodies(steve()) == []


@pytest.mark.parametrize("how", GONE)
def test_afterwards_the_stream_itself_holds_it_no_longer(followed, how):
    review = make_review(author=followed)
    assert len(bodies(steve())) == 1
    GONE[how](review)
    work_off()
    assert liked(steve().pk, 0, 9) == stream.Liked(0, [])


def test_a_stream_that_names_what_is_gone_is_built_anew(followed):
    """The entry is not among those that the script knows of: its object was stored before somebody followed."""
    review = make_review(author=followed)
    assert len(bodies(steve())) == 1
    stream.ACTIVITIES.forget([review.pk])
    Review.objects.all().delete()
    assert bodies(steve()) == []
    assert cache().exists(stream_key(steve().pk)) == 0


def test_a_replica_that_is_behind_costs_nobody_the_stream(followed, monkeypatch):
    review = make_review(author=followed)
    bodies(steve())
    assert behind.wait(PATIENCE_SECONDS)
    of_a_replica = Slice(1, [stream.ACTIVITIES.get(review.pk)])
    Review.objects.all().delete()
    monkeypatch.setattr(stream, "fetch", lambda want: [of_a_replica])
    assert bodies(steve()) == []
    assert cache().exists(stream_key(steve().pk)) == 1


def test_a_new_friends_likes_come_in_and_go_again(maya):
    make_review(author=maya, body="Bought two.")
    assert bodies(steve()) == []
    friends.ask(steve().pk, maya.pk)
    work_off()
    assert bodies(steve()) == []
    friends.accept(maya.pk, steve().pk)
    work_off()
    assert bodies(steve()) == ["Bought two."]
    friends.unfollow(steve().pk, maya.pk)
    work_off()
    assert liked(steve().pk, 0, 9).total == 0


def test_a_rebuild_that_began_before_a_friendship_changed_comes_to_nothing(followed, monkeypatch):
    make_review(author=followed, body="Bought two.")
    rows = stream.stream_rows

    def rows_and_then_a_block(follower):
        found = rows(follower)
        friends.block(followed.pk, follower)
        work_off()
        return found

    monkeypatch.setattr(stream, "stream_rows", rows_and_then_a_block)
    assert stream.stream_of(steve().pk).rebuild() is False
    assert cache().exists(stream_key(steve().pk)) == 0


def test_a_new_name_or_picture_reaches_what_is_in_the_streams(followed):
    make_review(author=followed)
    assert liked(steve().pk, 0, 9).rows[0]["author"] == "Maya"
    User.objects.filter(pk=followed.pk).update(name="Maya Lindqvist", picture="people/a-400.webp")
    work_off()
    row = liked(steve().pk, 0, 9).rows[0]
    assert (row["author"], row["picture"]) == ("Maya Lindqvist", "people/a-400.webp")


def test_streams_work_without_a_cache(followed, monkeypatch):
    make_review(author=followed, body="Bought two.")
    monkeypatch.setattr("scaling.reading.lua.run", down)
    assert bodies(steve()) == ["Bought two."]


def down(*args):
    raise CacheDown
