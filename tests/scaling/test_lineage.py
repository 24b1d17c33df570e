"""Another server answers in the name of the cache: nothing is read from it that was put there before."""

from pathlib import Path

import pytest
import redis
from django.conf import settings

from jobs.models import Outbox
from products.data import PRODUCTS
from scaling import lineage
from scaling.breaker import CACHE
from scaling.stores import cache, keep
from scaling.xray import CacheConnection, measured

from ..factories import make_price, make_product
from ..servers import start_valkey, stop, wait_until
from .test_outages import refuse

send = CacheConnection.send_command

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    product = make_product()
    PRODUCTS.refresh([product.pk])
    Outbox.objects.all().delete()
    return product


@pytest.fixture
def folder():
    with redis.Redis.from_url(settings.CACHE_URL, decode_responses=True) as server:
        yield Path(server.config_get("dir")["dir"])


@pytest.fixture
def restored(valkeys, folder):
    """A call that starts the server again, from the snapshot that was taken."""

    def restart():
        stop(valkeys["cache"])
        valkeys["cache"] = start_valkey("cache", settings.CACHE_URL, folder.parent)

    yield restart
    (folder / "dump.rdb").unlink()


def reconnect(*, as_another_process):
    """Everything that this process has of the server begins anew."""
    cache().connection_pool.disconnect()
    if as_another_process:
        CACHE.run = b""


def change(loaf, price):
    make_price(loaf, price)
    PRODUCTS.refresh([loaf.pk])
    Outbox.objects.all().delete()


@pytest.mark.parametrize("is_another_process", [True, False])
def test_what_a_snapshot_holds_is_not_read(loaf, restored, is_another_process):
    cache().save()
    change(loaf, 333)
    restored()
    reconnect(as_another_process=is_another_process)
    assert PRODUCTS.get(loaf.pk)["price"] == 333
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert PRODUCTS.get(loaf.pk)["price"] == 333


def test_nor_by_who_was_connected_when_it_went(loaf, restored):
    cache().save()
    change(loaf, 333)
    restored()
    PRODUCTS.get(loaf.pk)
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert PRODUCTS.get(loaf.pk)["price"] == 333


def test_what_a_copy_holds_that_has_taken_over_is_not_read(loaf, folder, monkeypatch, tmp_path):
    password, kwargs = settings.CACHE_URL.split("@")[0], cache().connection_pool.connection_kwargs
    port = kwargs["port"] + 1 if kwargs["port"] < 65535 else kwargs["port"] - 1
    copy = start_valkey("cache", f"{password}@127.0.0.1:{port}/0", tmp_path)
    try:
        with redis.Redis.from_url(f"{password}@127.0.0.1:{port}/0") as server:
            server.restore(PRODUCTS.key(loaf.pk), 0, cache().dump(PRODUCTS.key(loaf.pk)))
        change(loaf, 333)
        with monkeypatch.context() as moved:
            moved.setitem(kwargs, "port", port)
            cache().connection_pool.reset()
            assert PRODUCTS.get(loaf.pk)["price"] == 333
            change(loaf, 444)
        cache().connection_pool.reset()  # back to the first, which has heard of nothing
        CACHE.note_failure()
        wait_until(lambda: not CACHE.is_open, what="the return of the cache")
        assert PRODUCTS.get(loaf.pk)["price"] == 444
    finally:
        stop(copy)
        cache().connection_pool.reset()


@pytest.mark.parametrize("is_another_process", [True, False])
def test_who_only_reconnects_drops_nothing(loaf, is_another_process):
    PRODUCTS.get(loaf.pk)  # and with it what its page shows of others
    reconnect(as_another_process=is_another_process)
    assert cache().hget(PRODUCTS.key(loaf.pk), "floor")
    with measured() as cost:
        PRODUCTS.get(loaf.pk)
    assert (cost.trips["cache"], sum(cost.sql.values())) == (1, 0)


def test_while_nobody_can_tell_it_is_not_used(loaf, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
        reconnect(as_another_process=True)
        assert PRODUCTS.get(loaf.pk)["name"] == loaf.name
        assert CACHE.is_open
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")
    assert cache().hget(PRODUCTS.key(loaf.pk), "floor")


def test_without_keep_a_process_goes_on_with_the_server_it_knows(loaf, monkeypatch):
    monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
    reconnect(as_another_process=False)
    assert cache().hget(PRODUCTS.key(loaf.pk), "floor")
    assert not CACHE.is_open


def test_whoever_dies_before_it_is_emptied_leaves_it_to_the_next(loaf, monkeypatch):
    def die_at_flush(connection, *command, **options):
        assert "FLUSHDB" not in command, "dead"
        send(connection, *command, **options)

    keep().set(lineage.KEY, "another run")
    reconnect(as_another_process=True)
    with monkeypatch.context() as dying:
        dying.setattr(CacheConnection, "send_command", die_at_flush)
        with pytest.raises(AssertionError, match="dead"):
            cache().ping()
    assert keep().get(lineage.KEY) == b"another run"
    assert cache().dbsize() == 0
