"""How the databases stand, as people are shown it."""

import os
import time
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from scaling import census, health, standing
from scaling.census import View
from scaling.monitor import Monitor
from scaling.positions import Replication
from scaling.stores import keep

pytestmark = pytest.mark.django_db(transaction=True)


def shown():
    """The lines of `manage.py replicas`, by alias."""
    out = StringIO()
    call_command("replicas", stdout=out)
    head, *lines = out.getvalue().partition("\n\n")[0].splitlines()
    assert head.split() == ["where", "reachable", "position", "lag", "reads", "(5", "min)", "in", "service"]
    return {line.split()[0]: line for line in lines}


def test_every_database_is_shown():
    lines = shown()
    assert list(lines) == list(settings.DATABASES)
    assert lines["default"].endswith("takes every write")
    assert " yes " in lines[settings.REPLICAS[0]]
    assert ("not counted with SQLite" in lines["default"]) is (connection.vendor == "sqlite")


def test_the_share_of_reads_is_that_of_all_processes():
    replica = settings.REPLICAS[0]
    census.tell({replica: 30, "default": 5}, {})
    census.tell({replica: 5}, {})
    lines = shown()
    assert " 88 % " in lines[replica]
    assert " 12 % " in lines["default"]


def test_what_has_been_read_is_forgotten_in_time():
    census.tell({"default": 1}, {})
    (key,) = keep().keys("reads:*")
    assert 0 < keep().ttl(key) <= 6 * 60


def test_what_a_process_that_died_has_said_is_forgotten(settings, monkeypatch):
    settings.CLONE = "dead"
    monkeypatch.setattr(time, "time", lambda now=time.time: now() - 60)
    census.tell({}, {"replica1": View(0.0, "does not answer")})
    monkeypatch.undo()
    settings.CLONE = "alive"
    census.tell({}, {"replica1": View(2.0, "")})
    assert census.views() == {census.own_name(): {"replica1": View(2.0, "")}}
    assert keep().hkeys(census.VIEWS) == [f"alive/{os.getpid()}".encode()]


@pytest.fixture
def watched(monkeypatch):
    """A monitor of a replica that this process has seen level with the primary twice, and reads from."""
    there = Monitor()
    there.is_watching, now = True, time.monotonic()
    there.primary.note({"0": 414}, now)
    for replica in there.replicas.values():
        replica.note(Replication({"0": 414}, ""), there.primary, now)
    monkeypatch.setattr(standing, "monitor", lambda: there)
    monkeypatch.setattr(health, "SILENT_SECONDS", 1000)
    return there


def told_by(settings, clone, why):
    """Which process has told that it does not read from the first replica, and why."""
    settings.CLONE = clone
    census.tell({}, {settings.REPLICAS[0]: View(0.0, why)})
    return census.own_name()


def test_what_a_process_has_told_of_before_its_first_look_counts_no_longer(watched, settings):
    told_by(settings, "web-1", "")
    told_by(settings, "command", "is looked at for the first time")
    assert shown()[settings.REPLICAS[0]].endswith("  in")


def test_it_is_named_who_does_not_read_from_a_replica(watched, settings):
    away = [told_by(settings, f"web-{number}", "is 12 s behind") for number in range(5)]
    told_by(settings, "command", "")
    line = shown()[settings.REPLICAS[0]]
    assert f"in for 1 of 6 processes; {away[0]}: is 12 s behind, {away[1]}: is 12 s behind, " in line
    assert line.endswith("and 2 more")


def test_it_is_said_what_a_position_is(watched):
    out = StringIO()
    call_command("replicas", stdout=out)
    assert "“0: 414” is number 414 of domain 0" in out.getvalue()
    assert " 0: 414 " in out.getvalue()
