"""How the databases stand, as people are shown it."""

import os
import time
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from scaling import census
from scaling.census import View
from scaling.stores import keep

pytestmark = pytest.mark.django_db(transaction=True)


def shown():
    """The lines of `manage.py replicas`, by alias."""
    out = StringIO()
    call_command("replicas", stdout=out)
    head, *lines = out.getvalue().splitlines()
    assert head.split() == ["where", "reachable", "position", "lag", "reads", "in", "service"]
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
    assert census.views() == [{"replica1": View(2.0, "")}]
    assert keep().hkeys(census.VIEWS) == [f"alive/{os.getpid()}".encode()]
