"""The health check of what cannot be asked over HTTP."""

import socket
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from redis.exceptions import ConnectionError as AwayError

from scaling.fleet import RELAY, Heartbeat, Member, tell
from scaling.management.commands import alive


def test_who_beats_on_this_host_lives():
    Heartbeat(RELAY, "relay").beat()
    assert f"relay runs {Heartbeat(RELAY, 'relay').me.release}." in _alive()


def test_who_beats_elsewhere_says_nothing_of_this_host():
    tell(Member(RELAY, "relay", "r1", 0.0, "elsewhere", 1))
    with pytest.raises(CommandError, match=socket.gethostname()):
        _alive()


def test_nobody_is_given_up_because_keep_is_away(monkeypatch):
    def away():
        raise AwayError("refused")

    monkeypatch.setattr(alive, "fleet", away)
    assert "nobody knows" in _alive()


def _alive():
    out = StringIO()
    call_command("alive", stdout=out)
    return out.getvalue()
