"""Every process says that it is alive and which code it runs; whoever is silent is forgotten."""

import io
import os
import time

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import User
from scaling import clones, fleet
from scaling.codec import dumps
from scaling.fleet import BEAT, RELAY, WEB, WORKER, Heartbeat, Member
from scaling.stores import keep

from ..factories import ada, steve
from ..servers import wait_until
from .test_outages import refuse

WEB1 = Member(WEB, "web1", "r2", 0.0, "rye", 11)
WEB2 = Member(WEB, "web2", "r2", 0.0, "rye", 12)
LATE = Member(WEB, "web3", "r1", 0.0, "oat", 13)
OVEN = Member(WORKER, "oven@oat", "r2", 0.0, "oat", 14, ("bulk", "render"))


def told(*words):
    said = io.StringIO()
    call_command("fleet", *words, stdout=said)
    return said.getvalue()


def tell(*members):
    for member in members:
        fleet.tell(member)


def test_who_spoke_lately_is_alive_and_who_did_not_is_forgotten(monkeypatch):
    tell(OVEN, WEB2, WEB1)
    assert fleet.fleet() == [WEB1, WEB2, OVEN]
    monkeypatch.setattr(fleet, "FRESH_SECONDS", -1)
    assert fleet.fleet() == []
    assert not keep().exists(fleet.KEY)


def test_a_heartbeat_says_who_it_is_until_it_stops(settings):
    settings.RELEASE, counted = "r3", []
    heart = Heartbeat(RELAY, "bell", lanes=["b", "a"], also=[lambda: counted.append(1)])
    heart.start()
    wait_until(fleet.fleet, what="the first beat")
    (member,) = fleet.fleet()
    assert member[:3] == (RELAY, "bell", "r3")
    assert (member.pid, member.lanes, member.is_draining) == (os.getpid(), ("a", "b"), False)
    heart.stop()
    assert fleet.fleet() == []
    assert counted


def test_each_says_what_it_was_told_of(settings):
    settings.FLEET_KNOWS = "products.store_names.names"
    settings.NEXT_DOCUMENTS_URL = "mongodb://shop:secret@db:27017/next"
    Heartbeat(WEB, "web1").beat()
    settings.FLEET_KNOWS = ""
    Heartbeat(WEB, "web2").beat()
    one, other = fleet.fleet()
    assert ("mongodb://db:27017/next" in one.knows, other.knows) == (True, ())


def test_a_clone_that_drains_says_so(monkeypatch):
    monkeypatch.setattr(clones, "_draining", bytearray(1))
    clones.drain()
    Heartbeat(WEB, "web1").beat()
    assert fleet.fleet()[0].is_draining


def test_with_keep_away_a_heart_goes_on(monkeypatch):
    def away():
        raise RedisConnectionError

    monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
    Heartbeat(BEAT, "bell", also=[away]).beat()
    Heartbeat(BEAT, "bell").stop()
    with pytest.raises(CommandError, match="nobody can tell who is alive"):
        told()


def test_what_a_newer_release_says_more_is_passed_over():
    keep().hset(fleet.KEY, "web/new", dumps([time.time(), *WEB1, "more"]))
    assert fleet.fleet() == [WEB1]


def test_the_command_shows_everybody_and_who_runs_other_code():
    tell(WEB1, WEB2, LATE, OVEN)
    lines = told().splitlines()
    assert [line.split("  ")[0] for line in lines[1:]] == ["web1", "web2", "web3", "worker oven@oat"]
    assert [release in line for line, release in zip(lines[1:], ["r2", "r2", "r1", "r2"], strict=True)] == [True] * 4
    assert ["(another)" in line for line in lines[1:]] == [False, False, True, False]
    assert lines[4].endswith("bulk, render")


def test_the_command_fails_while_somebody_runs_another_release():
    tell(WEB1, LATE)
    with pytest.raises(CommandError, match=r"1 of 2 run another release than r2: web3 \(r1\)"):
        told("--expect", "r2")
    keep().hdel(fleet.KEY, LATE.field)
    assert "web1" in told("--expect", "r2")


def test_workers_alone_are_no_release():
    tell(OVEN)
    with pytest.raises(CommandError, match="No clone of release r2 is alive"):
        told("--expect", "r2", "--within", "0.1")
    keep().delete(fleet.KEY)
    assert told() == "Nobody is alive.\n"


@pytest.mark.django_db
def test_the_admin_calls_out_who_runs_another_release(client):
    tell(WEB1, WEB2, OVEN)
    client.force_login(ada())
    assert "releases are running" not in client.get(reverse("admin:fleet")).content.decode()
    tell(LATE)
    text = client.get(reverse("admin:fleet")).content.decode()
    assert "<strong>2 releases are running:</strong>" in text
    assert "<strong>r1</strong> (another)" in text
    assert "takes bulk, render" in text


@pytest.mark.django_db
def test_the_fleet_is_shown_to_superusers_alone(client):
    client.force_login(steve())
    assert client.get(reverse("admin:fleet")).status_code == 302
    baker = ada()
    User.objects.filter(pk=baker.pk).update(is_superuser=False)
    client.force_login(baker)
    assert client.get(reverse("admin:fleet")).status_code == 403
