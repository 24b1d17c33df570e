"""Probes: who lives, who is ready, and that every answer says who gave it."""

import pytest
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings
from redis.exceptions import ConnectionError as RedisConnectionError

from scaling import clones, probes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_clone_of_its_own(monkeypatch):
    monkeypatch.setattr(clones, "_draining", bytearray(1))
    monkeypatch.setattr(probes, "_migrated", set())


@pytest.fixture
def keep_away(monkeypatch):
    def away():
        raise RedisConnectionError("refused")

    monkeypatch.setattr(probes, "keep", away)


def said(answer):
    return answer.status_code, answer.content.decode().splitlines()


def test_a_clone_that_lives_asks_nobody(client):
    answer = client.get("/livez")
    assert said(answer) == (200, ["alive"])
    assert answer["Cache-Control"] == "no-store"
    assert 'sql-default;desc="0 statements"' in answer["Server-Timing"]
    assert 'cache;desc="0 round trips"' in answer["Server-Timing"]


def test_a_clone_that_has_all_it_needs_is_ready(client):
    assert said(client.get("/readyz")) == (200, ["ready"])


def test_the_second_question_reads_no_migrations(client, django_assert_max_num_queries):
    client.get("/readyz")
    with django_assert_max_num_queries(1):
        assert client.get("/readyz").status_code == 200


def test_a_clone_that_drains_lives_and_is_not_ready(client):
    clones.drain()
    assert client.get("/livez").status_code == 200
    assert said(client.get("/readyz")) == (503, ["It was told to end."])
    assert client.get("/readyz?own").status_code == 503
    assert client.get("/shelves/").status_code == 200


def test_a_clone_without_a_release_is_not_ready(client, settings):
    settings.RELEASE = ""
    assert said(client.get("/readyz")) == (503, ["It does not know its release."])


def test_a_server_that_is_away_is_no_fault_of_this_clone(client, keep_away):
    assert said(client.get("/readyz")) == (503, ["`keep` does not answer."])
    assert said(client.get("/readyz?own")) == (200, ["`keep` does not answer."])


def test_a_primary_that_is_away_is_told(client, monkeypatch):
    def away():
        raise OperationalError("gone away")

    monkeypatch.setattr(probes, "_missing_migrations", away)
    assert said(client.get("/readyz")) == (503, ["The primary does not answer."])


def test_a_database_that_lacks_a_migration_is_told_with_its_name(client):
    last = MigrationRecorder.Migration.objects.filter(app="shop").latest("name")
    last.delete()
    assert said(client.get("/readyz?own")) == (
        503,
        [f"The database lacks shop.{last.name}: run manage.py migrate."],
    )


@override_settings(ALLOWED_HOSTS=["bakery.example"], SECURE_SSL_REDIRECT=True)
def test_machines_ask_by_address_and_without_tls(client):
    for path in ("/livez", "/readyz"):
        assert client.get(path, SERVER_NAME="10.0.0.7").status_code == 200
    assert client.get("/account/", SERVER_NAME="10.0.0.7").status_code == 400


@pytest.mark.parametrize("path", ["/", "/livez", "/nowhere/", "/static/nothing.css", "/account/"])
def test_every_answer_says_who_gave_it_and_by_which_code(client, settings, path):
    settings.CLONE, settings.RELEASE = "web7", "r7"
    answer = client.get(path)
    assert (answer["X-Clone"], answer["X-Release"]) == ("web7", "r7")


def test_a_probe_is_only_asked(client):
    assert client.post("/readyz").status_code == 405
