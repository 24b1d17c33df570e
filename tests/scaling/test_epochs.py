"""Epochs are signed, and each promotion begins exactly one."""

import pytest
from django.core import signing

from scaling import epochs, monitor
from scaling.epochs import Epoch, EpochError
from scaling.monitor import Monitor, repoint
from scaling.stores import keep


@pytest.fixture(autouse=True)
def nobody_watches(replicas_in_service):
    """This process's own monitor would believe in the servers that are promoted here."""
    monitor.monitor().stop()
    monitor._forget()
    yield
    keep().delete(epochs.KEY)


def test_before_any_promotion_it_is_the_epoch_of_the_settings():
    assert epochs.current() == Epoch(0, "")


def test_each_promotion_begins_the_next():
    assert epochs.begin("10.0.0.2:3306") == Epoch(1, "10.0.0.2:3306")
    assert epochs.begin("10.0.0.3:3306") == Epoch(2, "10.0.0.3:3306")
    assert epochs.current() == Epoch(2, "10.0.0.3:3306")


FORGED = {"a number": b"7", "no text": b"\xff\xfe", "other salt": signing.dumps([9, "evil:1"], salt="x").encode()}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_what_we_did_not_sign_counts_as_none(forged):
    keep().set(epochs.KEY, forged)
    assert epochs.current() == Epoch()


def test_of_two_promotions_at_once_one_is_told(monkeypatch):
    opened = epochs._opened

    def meanwhile(found):
        monkeypatch.setattr(epochs, "_opened", opened)
        epochs.begin("10.0.0.9:3306")
        return opened(found)

    monkeypatch.setattr(epochs, "_opened", meanwhile)
    with pytest.raises(EpochError, match="epoch 1"):
        epochs.begin("10.0.0.2:3306")
    assert epochs.current().primary == "10.0.0.9:3306"


@pytest.fixture
def three_servers(settings, monkeypatch):
    places = {
        "default": {"HOST": "10.0.0.1", "PORT": 3306, "USER": "shop"},
        "replica1": {"HOST": "10.0.0.2", "PORT": 3306, "USER": "reader"},
        "replica2": {"HOST": "10.0.0.3", "PORT": "", "USER": "reader"},
    }
    monkeypatch.setattr("scaling.monitor.connections", type("Connections", (), {"settings": places}))
    settings.REPLICAS = ["replica1", "replica2"]
    return places


def test_the_promoted_server_and_the_old_primary_change_places(three_servers):
    repoint("10.0.0.2:3306")
    assert {alias: each["HOST"] for alias, each in three_servers.items()} == {
        "default": "10.0.0.2",
        "replica1": "10.0.0.1",
        "replica2": "10.0.0.3",
    }
    assert three_servers["default"]["USER"] == "shop"
    repoint("10.0.0.3:3306")
    assert {alias: each["HOST"] for alias, each in three_servers.items()} == {
        "default": "10.0.0.3",
        "replica1": "10.0.0.1",
        "replica2": "10.0.0.2",
    }


def test_a_process_whose_settings_know_the_new_primary_already_changes_nothing(three_servers):
    assert not repoint("10.0.0.1:3306")
    assert [each["HOST"] for each in three_servers.values()] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_what_was_known_of_the_servers_counts_no_longer_after_a_promotion(monkeypatch):
    moved = []
    monkeypatch.setattr("scaling.monitor.repoint", moved.append)
    watched = Monitor()
    before = watched.primary
    watched.look_at_epoch()
    assert watched.primary is before
    epochs.begin("10.0.0.2:3306")
    for _ in range(2):
        watched.look_at_epoch()
    assert (watched.epoch, moved, watched.generations["default"]) == (1, ["10.0.0.2:3306"], 1)
    assert watched.primary is not before
