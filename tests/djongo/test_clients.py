"""Who speaks to MongoDB, and what it means when that is away."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from bson.errors import InvalidDocument
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    transaction,
)
from pymongo import errors

from bench.mongo import MongoServer
from scaling.djongo_engine import clients
from scaling.mongodb import as_database_errors

from ..mongo import back, start_mongo
from ..servers import wait_until
from .conftest import database
from .models import Sheet

DUPLICATE = errors.BulkWriteError({"writeErrors": [{"code": 11000}]})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (errors.DuplicateKeyError("twice", 11000), IntegrityError),
        (DUPLICATE, IntegrityError),
        (errors.BulkWriteError({"writeErrors": [{"code": 1}]}), DatabaseError),
        (errors.ServerSelectionTimeoutError("nobody"), OperationalError),
        (errors.NetworkTimeout("slow"), OperationalError),
        (errors.AutoReconnect("gone"), OperationalError),
        (errors.WaitQueueTimeoutError("full"), OperationalError),
        (errors.ExecutionTimeout("slow", 50), OperationalError),
        (errors.InvalidOperation("closed"), InterfaceError),
        (InvalidDocument("a set"), DataError),
        (errors.OperationFailure("no", 1), DatabaseError),
    ],
)
def test_an_error_of_the_driver_is_one_of_django(theirs, ours):
    with pytest.raises(Exception) as told, as_database_errors():
        raise theirs
    assert type(told.value) is ours
    assert told.value.__cause__ is theirs


def test_all_threads_have_one_client_and_closing_a_connection_leaves_it_open(djongo, django_db_blocker):
    djongo.create(key=1)

    def client_of_a_request(_):
        with django_db_blocker.unblock():
            assert Sheet.objects.using("djongo").get(key=1).version == 1
            connection = connections["djongo"]
            connection.close()
            return id(connection.client_connection)

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(client_of_a_request, range(20)))) == 1
    assert djongo.exists()


def test_a_forked_process_has_a_client_of_its_own(djongo):
    djongo.create(key=1)
    ours = clients.client_of({"host": "mongodb://127.0.0.1:1/"})
    child = os.fork()
    if not child:
        try:
            os._exit(int(clients.client_of({"host": "mongodb://127.0.0.1:1/"}) is ours))
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_two_servers_have_two_clients():
    hosts = ("mongodb://127.0.0.1:1/", "mongodb://127.0.0.1:2/")
    assert clients.client_of({"host": hosts[0]}) is not clients.client_of({"host": hosts[1]})


def test_nobody_waits_long_unless_the_address_says_so():
    options = clients.client_of({"host": "mongodb://127.0.0.1:1/?socketTimeoutMS=9000"}).options
    assert options.server_selection_timeout == 1
    assert options.pool_options.connect_timeout == 1
    assert options.pool_options.socket_timeout == 9
    assert clients.client_of({"host": "mongodb://127.0.0.1:1/"}).options.pool_options.socket_timeout == 2


@pytest.fixture
def away(djongo, tmp_path, monkeypatch):
    """The table on a server of its own, which the test may end; and the same, asked by who waits for no server."""
    with start_mongo(MongoServer(tmp_path)) as server:
        patient = database("away", "scaling.djongo_engine", server.url("away"))
        hasty = patient | {"OPTIONS": patient["OPTIONS"] | {"serverSelectionTimeoutMS": 100}}
        monkeypatch.setitem(connections.settings, "away", patient)
        monkeypatch.setitem(connections.settings, "hasty", hasty)
        with connections["away"].schema_editor() as editor:
            editor.create_model(Sheet)
        Sheet.objects.using("away").bulk_create(Sheet(key=number) for number in range(500))
        yield Sheet.objects.using("hasty"), server
        for alias in ("away", "hasty"):
            del connections[alias]


def knows_the_server(rows):
    try:
        return rows.exists()
    except OperationalError:
        return False


def test_a_server_that_is_away_is_an_operational_error_and_is_asked_again(away):
    rows, server = away
    server.stop()
    asked = (rows.count, rows.first, lambda: rows.create(key=999), lambda: rows.update(version=2), rows.all().delete)
    for ask in asked:
        with pytest.raises(OperationalError):
            ask()
    back(server)
    wait_until(lambda: knows_the_server(rows), what="an answer")
    assert rows.count() == 500


def test_a_server_that_goes_in_the_middle_of_the_rows_is_an_error_and_no_end(away):
    rows, server = away
    wait_until(lambda: knows_the_server(rows), what="an answer")
    walked = rows.order_by("key").iterator(chunk_size=50)
    assert next(walked).key == 0
    server.kill()
    with pytest.raises(OperationalError):
        list(walked)


def test_an_error_inside_a_block_is_told_as_it_was(djongo):
    """Nothing is taken back, and the connection goes on."""
    djongo.count()
    connection = connections["djongo"].connection
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="djongo"):
        djongo.create(key=1)
        raise ZeroDivisionError
    assert djongo.get(key=1)
    assert connections["djongo"].connection is connection
