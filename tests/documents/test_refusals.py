"""What a MongoDB, or its driver, does not do: whether the store counts as away, and what people read of it."""

import logging
from types import SimpleNamespace

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    InvalidOperation,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from products.documents import AwayError, mongo_store, outages
from products.documents.mongo_store import MongoStore
from settings.document_stores import database_of
from shop.valkeys import free_port

ALIAS = "documents"
NAME = "mongodb://127.0.0.1:27117/shop"
REFUSED = OperationFailure("not authorized on shop", 13, {"ok": 0.0, "errmsg": "not authorized on shop"})
DUPLICATE = {"index": 0, "code": 11000, "errmsg": "E11000"}


@pytest.fixture
def store(settings, monkeypatch):
    settings.DOCUMENTS_URL = "djongo+mongodb://shop:secret@127.0.0.1:27117/shop?tls=true"
    monkeypatch.setattr(outages, "_outages", {})
    return MongoStore(ALIAS)


@pytest.fixture(params=["", "djongo+"])
def nobody(request, settings, monkeypatch, django_db_blocker):
    """A store where nobody listens, by each engine."""
    settings.DOCUMENTS_URL = f"{request.param}mongodb://127.0.0.1:{free_port()}/shop"
    monkeypatch.setattr(outages, "_outages", {})
    plain = {"USER": "", "PASSWORD": "", "PORT": ""}
    given = connections.databases[DEFAULT_DB_ALIAS] | plain | database_of(settings.DOCUMENTS_URL, 1)
    connections.databases["nobody"] = given
    with django_db_blocker.unblock():
        yield MongoStore("nobody")
    connections["nobody"].close()
    del connections["nobody"], connections.databases["nobody"]


def asked(store, error, cause=None):
    """What becomes of an error in a question."""
    with pytest.raises(Exception) as told, store.asking():
        raise error from cause
    return told.value


def is_away(store):
    return outages.outage_of(store.alias)._is_away


def test_where_nobody_listens_nothing_is_prepared_and_nobody_waits_as_long_as_for_an_index(nobody, monkeypatch):
    monkeypatch.setattr(mongo_store.pymongo, "timeout", None)  # who comes to this meets another error
    with pytest.raises(AwayError, match="does not answer"):
        nobody.prepare()
    assert is_away(nobody)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (AutoReconnect("gone"), None),
        (DatabaseError(), ServerSelectionTimeoutError("nobody")),
        (OperationalError(), AutoReconnect("gone")),
        (OperationalError("gone"), None),
        (InterfaceError("closed"), InvalidOperation("closed")),
        (InterfaceError("closed"), None),
    ],
)
def test_who_is_not_answered_says_so_and_spares_the_others(store, error, cause):
    told = asked(store, error, cause)
    assert isinstance(told, AwayError)
    assert str(told).startswith(f"{NAME} does not answer: ")
    assert is_away(store)
    with pytest.raises(AwayError, match=f"^{NAME} is away"), store.asking():
        pytest.fail("it was asked")


@pytest.mark.parametrize(
    ("error", "cause"), [(REFUSED, None), (DatabaseError(), REFUSED), (BulkWriteError({"writeErrors": []}), None)]
)
def test_a_refusal_is_an_answer_and_ends_an_outage(store, error, cause, monkeypatch):
    monkeypatch.setattr(outages, "ASK_AGAIN_SECONDS", 0)
    asked(store, AutoReconnect("gone"))
    assert is_away(store)
    told = asked(store, error, cause)
    assert isinstance(told, AwayError)
    assert str(told).startswith(f"{NAME} refused: ")
    assert not is_away(store)


def test_what_the_driver_refuses_neither_begins_an_outage_nor_ends_one(store, monkeypatch):
    monkeypatch.setattr(outages, "ASK_AGAIN_SECONDS", 0)
    assert str(asked(store, ConfigurationError("no"))) == f"{NAME} refused: no"
    assert not is_away(store)
    asked(store, AutoReconnect("gone"))
    asked(store, ConfigurationError("no"))
    assert is_away(store)


def test_an_error_of_our_own_goes_up_as_it_is(store):
    error = DatabaseError("djongo cannot do it")
    assert asked(store, error, KeyError("it")) is error
    assert not is_away(store)


def test_a_refusal_is_logged_and_people_read_what_was_refused(store, caplog):
    with caplog.at_level(logging.WARNING):
        asked(store, REFUSED)
        asked(store, REFUSED)
    assert caplog.messages == [f"{NAME} refused: not authorized on shop"]


def test_people_read_in_one_short_line_who_is_away(store, caplog):
    refused = "127.0.0.1:27117: [Errno 111] Connection refused"
    added = " (configured timeouts: socketTimeoutMS: 300.0ms, connectTimeoutMS: 300.0ms)"
    topology = f", Timeout: 0.3s, Topology Description: <TopologyDescription error=AutoReconnect('{refused}{added}')>"
    with caplog.at_level(logging.WARNING):
        told = asked(store, ServerSelectionTimeoutError(refused + added + topology))
    assert str(told) == f"{NAME} does not answer: {refused}"
    assert caplog.messages == [str(told)]


def test_no_line_is_long_and_none_is_without_a_reason():
    assert outages.brief(OSError()) == "OSError"
    assert outages.brief(OSError("of two\n lines")) == "of two lines"
    assert len(outages.brief(OSError("long " * 999))) <= outages.LONGEST


@pytest.mark.parametrize(
    "details",
    [
        {"writeErrors": [DUPLICATE], "writeConcernErrors": [{"code": 64, "errmsg": "waiting timed out"}]},
        {"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "waiting timed out"}]},
        {"writeErrors": [DUPLICATE, {"index": 1, "code": 13, "errmsg": "no"}]},
    ],
)
def test_what_may_be_lost_in_a_failover_is_not_written_whatever_else_went_wrong(store, monkeypatch, details):
    def refuse(*args, **options):
        raise BulkWriteError(details)

    collection = SimpleNamespace(bulk_write=refuse, find=lambda *args: [{"_id": 1, "product_id": 1}])
    monkeypatch.setattr(MongoStore, "_collection", collection)
    with pytest.raises(BulkWriteError):
        store._not_set({1: None}, "turn")


def test_somebody_who_was_quicker_is_no_error(store, monkeypatch):
    def refuse(*args, **options):
        raise BulkWriteError({"writeErrors": [DUPLICATE], "writeConcernErrors": []})

    monkeypatch.setattr(MongoStore, "_collection", SimpleNamespace(bulk_write=refuse, find=lambda *args: []))
    assert store._not_set({1: None}, "turn") == [1]
