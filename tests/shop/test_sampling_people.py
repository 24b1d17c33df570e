"""The sampler and the people: their objects have no durable copies, and are walked like all others."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.data import FRIENDS, PEOPLE
from accounts.models import Friendship, User
from jobs.models import Outbox
from jobs.triggers import suspended
from scaling import comparing
from scaling.sampler import sampling
from scaling.stores import cache
from shop.stream import ACTIVITIES, stream_key, stream_of, stream_under
from tests.factories import make_review, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(monkeypatch):
    """Who follows Maya, with all that is kept of the two."""
    monkeypatch.setattr(comparing, "IN_FLIGHT_SECONDS", 0)
    ana, maya = make_user("Ana"), make_user("Maya")
    review = make_review(author=maya)
    Friendship.objects.create(follower=ana, followed=maya, state=Friendship.State.ACCEPTED)
    PEOPLE.refresh([ana.pk, maya.pk])
    FRIENDS.refresh([ana.pk, maya.pk])
    stream_of(ana.pk).rebuild()
    ACTIVITIES.refresh([review.pk])
    Outbox.objects.all().delete()
    return ana


def faults():
    with sampling(["person", "friends", "activity", "listing"]) as sampler:
        for _ in sampler.scan():
            pass
    return [(fault.name, fault.subject, fault.what) for fault in sampler.result.faults], sampler.result.compared


def test_what_is_right_is_compared(ana):
    assert faults() == ([], 6)


def test_a_person_and_a_friendship_that_are_wrong_are_found(ana):
    with suspended():
        User.objects.filter(pk=ana.pk).update(name="Anna")
        Friendship.objects.all().delete()
    found, _ = faults()
    assert {(name, what) for name, _, what in found} == {
        ("person", "name, card name"),
        ("friends", "following, what it names"),
        ("friends", "followers, what it names"),
    }
    assert PEOPLE.get(ana.pk)["name"] == "Anna"
    assert FRIENDS.get(ana.pk)["following"] == []
    assert faults() == ([], 6)


def test_a_process_that_has_imported_nothing_else_knows_every_kind():
    command = [sys.executable, "manage.py", "sample", "--all", "bread"]
    done = subprocess.run(command, cwd=settings.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "There are activity, article, category, friends, person, product, tags, listing." in done.stderr


def test_people_who_are_not_in_the_cache_are_walked_too(ana, capsys):
    for kind in (PEOPLE, FRIENDS, ACTIVITIES):
        kind.forget(range(1, 1000))
    call_command("sample", "person", "friends", "activity", all=True)
    assert "Compared 5;" in capsys.readouterr().out


def test_a_stream_that_misses_something_is_found_and_dropped(ana):
    key = stream_key(ana.pk)
    [member] = (member for member in cache().zrange(key, 0, -1) if member)
    cache().zrem(key, member)
    assert faults()[0] == [("listing", key, f"{member.decode()} is missing")]
    assert not cache().exists(key)


def test_what_its_readers_leave_out_may_stand_in_a_stream(ana):
    cache().zadd(stream_key(ana.pk), {"0000000000000000999|999": -1})
    assert faults()[0] == []


def test_a_stream_that_is_about_to_be_dropped_is_in_flight(ana):
    cache().zrem(stream_key(ana.pk), *cache().zrange(stream_key(ana.pk), 1, -1))
    friendship = Friendship.objects.get()
    Friendship.objects.update(state=Friendship.State.ASKED)
    Friendship.objects.update(state=friendship.state)
    assert f"stream:{ana.pk}" in comparing.undone()
    assert faults()[0] == []


def test_keys_that_are_no_streams_are_passed_by():
    for key in ("l:stream:x", "l:stream:1:next", "l:stream:" + "9" * 30):
        assert stream_under(key) is None
