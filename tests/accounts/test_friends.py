"""To follow is to ask, and to be followed is to have said yes: whatever two people do at once."""

import pytest
from django.db import IntegrityError, transaction

from accounts import friends
from accounts.models import Friendship
from accounts.tasks import ask_by_email
from jobs.models import Outbox
from tests.factories import make_follow, make_user, mallory, steve
from tests.shop.people import at_once

pytestmark = pytest.mark.django_db
State = Friendship.State


@pytest.fixture
def maya():
    return make_user("Maya", email="maya@example.com")


def rows():
    """Everything between everybody: (follower, followed) to state."""
    named = Friendship.objects.values_list("follower__name", "followed__name", "state")
    return {(follower, followed): state for follower, followed, state in named}


def test_following_needs_a_yes(maya):
    friends.ask(steve().pk, maya.pk)
    assert rows() == {("Steve", "Maya"): State.ASKED}
    assert friends.accept(maya.pk, steve().pk)
    assert rows() == {("Steve", "Maya"): State.ACCEPTED}


def test_asking_twice_asks_once(maya):
    friends.ask(steve().pk, maya.pk)
    friends.ask(steve().pk, maya.pk)
    assert rows() == {("Steve", "Maya"): State.ASKED}


def test_asking_again_does_not_undo_a_yes(maya):
    make_follow(steve(), maya)
    friends.ask(steve().pk, maya.pk)
    assert rows() == {("Steve", "Maya"): State.ACCEPTED}


def test_nobody_says_yes_to_themselves_or_for_somebody_else(maya):
    friends.ask(steve().pk, maya.pk)
    assert not friends.accept(steve().pk, maya.pk)
    assert not friends.accept(mallory().pk, steve().pk)
    assert rows() == {("Steve", "Maya"): State.ASKED}


def test_nobody_asks_themselves(maya):
    friends.ask(maya.pk, maya.pk)
    assert rows() == {}


def test_nobody_asks_a_closed_account_or_no_account(maya):
    closed = make_user("Gone", is_active=False)
    friends.ask(maya.pk, closed.pk)
    friends.ask(maya.pk, closed.pk + 1000)
    assert rows() == {}


@pytest.mark.parametrize("state", [State.ASKED, State.ACCEPTED])
def test_each_of_the_two_can_end_it(maya, state):
    for end in (lambda: friends.refuse(maya.pk, steve().pk), lambda: friends.unfollow(steve().pk, maya.pk)):
        make_follow(steve(), maya, state)
        assert end()
        assert rows() == {} and not end()


def test_a_block_ends_both_directions_at_once(maya):
    make_follow(steve(), maya)
    make_follow(maya, steve())
    friends.block(maya.pk, steve().pk)
    assert rows() == {("Steve", "Maya"): State.BLOCKED}


def test_who_is_blocked_can_neither_ask_nor_end_the_block(maya):
    friends.block(maya.pk, steve().pk)
    friends.ask(steve().pk, maya.pk)
    friends.ask(steve().pk, maya.pk, by_email=True)
    assert not friends.unfollow(steve().pk, maya.pk)
    assert not friends.refuse(maya.pk, steve().pk)
    assert not friends.accept(maya.pk, steve().pk)
    assert not friends.unblock(steve().pk, maya.pk)
    assert rows() == {("Steve", "Maya"): State.BLOCKED}


def test_who_blocks_does_not_follow_either(maya):
    friends.block(maya.pk, steve().pk)
    friends.ask(maya.pk, steve().pk)
    assert rows() == {("Steve", "Maya"): State.BLOCKED}


def test_two_may_block_each_other_and_each_takes_back_only_their_own(maya):
    friends.block(maya.pk, steve().pk)
    friends.block(steve().pk, maya.pk)
    assert friends.unblock(maya.pk, steve().pk)
    assert rows() == {("Maya", "Steve"): State.BLOCKED}


def test_after_a_block_is_taken_back_one_asks_anew(maya):
    make_follow(steve(), maya)
    friends.block(maya.pk, steve().pk)
    assert friends.unblock(maya.pk, steve().pk)
    assert rows() == {}
    friends.ask(steve().pk, maya.pk)
    assert rows() == {("Steve", "Maya"): State.ASKED}


def test_nobody_blocks_themselves_or_nobody(maya):
    for other in (maya.pk, maya.pk + 1000):
        friends.block(maya.pk, other)
    assert rows() == {}


def test_the_table_itself_refuses_a_second_row_and_oneself(maya):
    make_follow(steve(), maya)
    for followed in (maya, steve()):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_follow(steve(), followed)


def do(subject):
    """What the worker does with the outbox row."""
    row = Outbox.objects.create(task=ask_by_email.name, subject=subject)
    ask_by_email([[row.pk, row.subject]])
    assert not Outbox.objects.filter(pk=row.pk).exists()


def test_asking_by_e_mail_asks_whoever_has_the_address(maya):
    for _ in range(2):
        do(f"{steve().pk}:maya@example.com")
    do(f"{steve().pk}:nobody@example.com")
    assert rows() == {("Steve", "Maya"): State.ASKED}


def test_what_was_asked_by_e_mail_is_shown_to_who_asked_only_once_they_know_the_person(maya):
    do(f"{steve().pk}:maya@example.com")
    assert Friendship.objects.get().by_email
    friends.ask(steve().pk, maya.pk)
    assert not Friendship.objects.get().by_email


@pytest.mark.django_db(transaction=True)
def test_a_block_among_many_questions_and_answers_stands(maya):
    customer = steve()
    for _ in range(3):
        Friendship.objects.all().delete()
        deeds = [
            lambda: friends.ask(customer.pk, maya.pk),
            lambda: friends.accept(maya.pk, customer.pk),
            lambda: friends.ask(maya.pk, customer.pk),
            lambda: friends.accept(customer.pk, maya.pk),
            lambda: friends.block(maya.pk, customer.pk),
        ]
        at_once(lambda number, deeds=deeds: deeds[number % 5](), 20, threads=5)
        assert rows() == {("Steve", "Maya"): State.BLOCKED}


@pytest.mark.django_db(transaction=True)
def test_twenty_questions_at_once_are_one(maya):
    customer = steve()
    at_once(lambda number: friends.ask(customer.pk, maya.pk), 20, threads=5)
    assert rows() == {("Steve", "Maya"): State.ASKED}
