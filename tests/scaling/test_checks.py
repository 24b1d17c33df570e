"""`manage.py check` says what would break a promise."""

import re
from pathlib import Path

import pytest
import redis
from django.conf import global_settings, settings
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connections

from scaling import settings as ours
from scaling.checks import a_cache_that_forgets, two_stores
from scaling.settings import DEFAULTS
from scaling.stores import keep

from ..servers import wait_until

READS = re.compile(r"\bsettings\.([A-Z_]+)")


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


LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
DJANGOS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}


@pytest.mark.parametrize(
    ("caches", "said"),
    [
        ({"default": LOCAL}, r"CACHES\['default'\] is .*LocMemCache"),
        ({"default": DJANGOS}, r"CACHES\['default'\] is .*redis\.RedisCache, and `cache` is only .* django-redis"),
        ({}, "CACHES has no 'keep'"),
    ],
    ids=["memory", "Django's own", "none"],
)
def test_a_cache_that_cannot_hold_objects_is_named_with_what_to_write(monkeypatch, caches, said):
    """Every other check passes such a cache by."""
    kept = {"default": settings.CACHES["default"]} | caches
    monkeypatch.setattr(settings, "CACHES", kept)
    with pytest.raises(SystemCheckError, match=rf"(?s)scaling\.E003.*{said}.*HINT: Write '.*django_redis\.cache"):
        call_command("check")


def test_one_server_for_both_is_refused(monkeypatch):
    monkeypatch.setattr(settings, "CACHES", settings.CACHES | {"keep": settings.CACHES["default"]})
    with pytest.raises(SystemCheckError, match=r"scaling\.E004.*the same server"):
        call_command("check")


def test_a_cache_that_is_reached_past_the_breaker_is_warned_of(monkeypatch):
    plain = {**settings.CACHES["default"], "OPTIONS": {}}
    monkeypatch.setattr(settings, "CACHES", settings.CACHES | {"default": plain})
    assert [message.id for message in two_stores()] == ["scaling.W002"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REPLICAS", ["nowhere"], r"(?s)scaling\.E005.*REPLICAS names 'nowhere'.*aliases of DATABASES"),
        ("CAUSAL_CHANGES", "no.such.CHANGES", r"(?s)scaling\.E006.*CAUSAL_CHANGES.*Leave it out"),
        ("PUBLISHED_STORE", "no.such.Store", r"(?s)scaling\.E006.*PUBLISHED_STORE.*Leave it out"),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(monkeypatch, name, value, said):
    monkeypatch.setattr(settings, name, value, raising=False)
    with pytest.raises(SystemCheckError, match=said):
        call_command("check")


def test_what_the_project_does_not_set_has_a_default(monkeypatch):
    for name in DEFAULTS:
        monkeypatch.delattr(settings, name, raising=False)
    assert {name: getattr(ours, name) for name in DEFAULTS} == DEFAULTS
    monkeypatch.setattr(settings, "CAUSAL_CHANGES", "jobs.changes.CHANGES", raising=False)  # `jobs` is there, too
    call_command("check")


def test_everything_that_is_read_of_the_project_has_a_default_or_is_django_s_own():
    read = {name for path in Path(ours.__file__).parent.glob("*.py") for name in READS.findall(path.read_text())}
    assert read - DEFAULTS.keys() - set(dir(global_settings)) == set()
    assert DEFAULTS.keys() <= read


def test_replicas_without_a_keep_are_one_clear_line(monkeypatch):
    monkeypatch.setattr(settings, "CACHES", {"default": settings.CACHES["default"]})
    keep.cache_clear()
    try:
        with pytest.raises(CommandError, match=r"^CACHES has no 'keep', which is `keep`\.$"):
            call_command("replicas")
    finally:
        keep.cache_clear()
