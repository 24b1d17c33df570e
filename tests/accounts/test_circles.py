"""Friendships as cached objects: whoever writes, by whatever way, the circles follow."""

import pytest
from django.db import connection

from accounts import friends
from accounts.data import CIRCLES, FRIENDS, PEOPLE, circles
from accounts.models import Friendship, User
from jobs.models import Outbox
from scaling.xray import measured
from tests.factories import make_follow, make_user, mallory, steve
from tests.shop.people import work_off

pytestmark = pytest.mark.django_db
State = Friendship.State


@pytest.fixture
def maya():
    return make_user("Maya", email="maya@example.com")


def ids(user):
    """The circles that are not empty."""
    return {circle: found for circle in CIRCLES if (found := FRIENDS.get(user.pk)[circle])}


def names(user, circle):
    return [person["name"] for person in circles(user.pk)[circle]["people"]]


def test_each_sees_their_own_side(maya):
    make_follow(steve(), maya)
    make_follow(mallory(), maya, State.ASKED)
    make_follow(maya, mallory(), State.BLOCKED)
    assert ids(maya) == {"followers": [steve().pk], "asked": [mallory().pk]}
    assert ids(steve()) == {"following": [maya.pk]}
    assert ids(mallory()) == {"waiting": [maya.pk], "blocked": [maya.pk]}


def test_who_is_blocked_sees_nothing_of_it(maya):
    friends.block(maya.pk, steve().pk)
    assert ids(steve()) == {}


def test_who_blocks_the_other_back_sees_nothing_either(maya):
    friends.block(maya.pk, steve().pk)
    friends.block(steve().pk, maya.pk)
    assert ids(steve()) == ids(maya) == {}


@pytest.mark.parametrize("circle", ["following", "followers"])
def test_who_has_just_blocked_somebody_is_out_of_their_sight_before_any_worker_has_heard_of_it(maya, circle):
    make_follow(*((steve(), maya) if circle == "following" else (maya, steve())))
    assert names(steve(), circle) == ["Maya"]
    friends.block(maya.pk, steve().pk)
    assert names(steve(), circle) == []


def test_what_was_asked_by_e_mail_tells_nothing_until_it_is_answered(maya):
    friends.ask(steve().pk, maya.pk, by_email=True)
    assert ids(steve()) == {} and ids(maya) == {"asked": [steve().pk]}
    friends.accept(maya.pk, steve().pk)
    work_off()
    assert ids(steve()) == {"following": [maya.pk]}


def test_the_lists_are_sorted(maya):
    others = [make_user(f"Friend {number}") for number in range(3)]
    for other in reversed(others):
        make_follow(maya, other)
    assert FRIENDS.get(maya.pk)["following"] == sorted(other.pk for other in others)


def test_a_closed_account_is_nobody(maya):
    make_follow(steve(), maya)
    assert names(steve(), "following") == ["Maya"]
    User.objects.filter(pk=maya.pk).update(is_active=False)
    work_off()
    assert names(steve(), "following") == []
    assert PEOPLE.get(maya.pk) is None


@pytest.mark.django_db(transaction=True)
def test_a_warm_circle_with_everybodys_names_costs_one_round_trip_and_one_statement(maya):
    for number in range(20):
        make_follow(make_user(f"Friend {number}"), maya)
    circles(maya.pk)
    with measured() as cost:
        assert len(names(maya, "followers")) == 20
    assert {alias: count for alias, count in cost.sql.items() if count} == {"default": 1}
    assert cost.trips == {"cache": 1}


@pytest.mark.parametrize(
    "end",
    [
        lambda row: row.delete(),
        lambda row: Friendship.objects.all().delete(),
        lambda row: row.followed.delete(),
        lambda row: connection.cursor().execute("DELETE FROM accounts_friendship"),
        lambda row: Friendship.objects.update(state=State.BLOCKED),
    ],
    ids=["one", "many", "cascade", "raw SQL", "bulk update"],
)
def test_whoever_writes_both_sides_follow(maya, end):
    row = make_follow(steve(), maya)
    assert ids(steve()) == {"following": [maya.pk]}
    end(row)
    work_off()
    assert ids(steve()) == {}


def test_a_new_name_reaches_every_circle(maya):
    make_follow(steve(), maya)
    assert names(steve(), "following") == ["Maya"]
    User.objects.filter(pk=maya.pk).update(name="Maya Lindqvist")
    work_off()
    assert names(steve(), "following") == ["Maya Lindqvist"]


def test_signing_in_builds_nothing_anew(client, maya):
    work_off()
    client.force_login(maya)
    assert User.objects.get(pk=maya.pk).last_login
    assert not Outbox.objects.exists()
