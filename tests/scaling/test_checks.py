"""`manage.py check` says what would break a promise."""

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from scaling.checks import a_cache_that_forgets

from ..servers import wait_until


def test_one_transaction_a_request_is_refused(monkeypatch):
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    with pytest.raises(SystemCheckError, match=r"scaling\.E001.*ATOMIC_REQUESTS is on for the database 'default'"):
        call_command("check")


def test_without_it_the_check_is_silent(capsys):
    call_command("check")
    assert "no issues" in capsys.readouterr().out


@pytest.fixture
def server():
    """`cache`, to be configured."""
    with redis.Redis.from_url(settings.CACHE_URL, decode_responses=True) as client:
        yield client


@pytest.mark.parametrize(("name", "on", "off"), [("save", "3600 1", ""), ("appendonly", "yes", "no")])
def test_a_cache_that_writes_to_a_disk_is_refused(server, name, on, off):
    server.config_set(name, on)
    try:
        with pytest.raises(SystemCheckError, match=rf"scaling\.E002.*`cache` writes to a disk \({name} is '{on}'\)"):
            call_command("check")
    finally:
        wait_until(lambda: not server.info("persistence")["aof_rewrite_in_progress"], what="the end of writing")
        server.config_set(name, off)


def test_where_that_may_not_be_asked_there_is_a_warning(server, monkeypatch):
    server.acl_setuser("guest", enabled=True, nopass=True, commands=["+@all", "-config"], keys=["*"])
    url = settings.CACHE_URL.replace("redis://:only-for-tests@", "redis://guest:any@")
    monkeypatch.setitem(settings.CACHES["default"], "LOCATION", url)
    try:
        assert [message.id for message in a_cache_that_forgets()] == ["scaling.W001"]
    finally:
        server.acl_deluser("guest")


def test_a_cache_that_is_away_is_looked_at_another_time(monkeypatch):
    monkeypatch.setitem(settings.CACHES["default"], "LOCATION", "redis://127.0.0.1:1/0")
    assert a_cache_that_forgets() == []
