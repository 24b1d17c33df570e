"""The cache answers, and says that it cannot serve: it counts as away. What is asked wrongly is told to who asked."""

from pathlib import Path

import pytest
import redis
from django.conf import settings
from redis._parsers.base import BaseParser
from redis.exceptions import ResponseError

from jobs.models import Outbox
from jobs.objects import refresh
from products.data import CATEGORIES, PRODUCTS
from scaling.breaker import CACHE, is_unfit
from scaling.reading import CACHE_DOWN
from scaling.stores import cache

from ..factories import make_price, make_product
from ..servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    product = make_product()
    PRODUCTS.refresh([product.pk])
    CATEGORIES.refresh([product.category_id])
    Outbox.objects.all().delete()
    return product


def a_replica(server):
    """Of a server that nobody reaches."""
    server.replicaof("127.0.0.1", 1)
    yield
    server.replicaof("no", "one")


def a_full_memory(server):
    before = server.config_get("maxmemory*")
    server.config_set("maxmemory-policy", "noeviction", "maxmemory", 1)
    yield
    server.config_set("maxmemory-policy", before["maxmemory-policy"], "maxmemory", before["maxmemory"])


def a_broken_disk(server):
    """It cannot write its snapshot, and takes nothing any more that it could not write."""
    in_the_way = Path(server.config_get("dir")["dir"]) / "dump.rdb"
    in_the_way.mkdir()
    (in_the_way / "full").touch()
    server.config_set("save", "9999 9999")
    server.bgsave()
    wait_until(lambda: server.info("persistence")["rdb_last_bgsave_status"] == "err", what="the failure")
    yield
    server.config_set("save", "")
    (in_the_way / "full").unlink()
    in_the_way.rmdir()


def lost_replicas(server):
    server.config_set("min-replicas-to-write", 1)
    yield
    server.config_set("min-replicas-to-write", 0)


@pytest.fixture(params=[a_replica, a_full_memory, a_broken_disk, lost_replicas])
def unfit(request, loaf):
    with redis.Redis.from_url(settings.CACHE_URL, decode_responses=True) as server:
        state = request.param(server)
        next(state)
        yield
        next(state, None)
    wait_until(lambda: not CACHE.is_open, what="the return of the cache")


def test_the_documents_answer_and_workers_wait(client, loaf, unfit):
    make_price(loaf, 333)
    rows = Outbox.objects.filter(subject=f"product:{loaf.pk}")
    with pytest.raises(CACHE_DOWN):
        refresh([[row.pk, row.subject] for row in rows])
    assert CACHE.is_open
    assert rows.exists()
    assert PRODUCTS.get(loaf.pk)["price"] == 333
    for path in ("/", loaf.get_absolute_url(), loaf.category.get_absolute_url()):
        assert client.get(path).status_code == 200


def test_it_is_away_until_it_takes_what_is_written(loaf, unfit, monkeypatch):
    probes = []
    probe = CACHE.probe
    monkeypatch.setattr(CACHE, "probe", lambda: (probes.append(1), probe())[1])
    with pytest.raises(CACHE_DOWN):
        PRODUCTS.refresh([loaf.pk])
    wait_until(lambda: len(probes) >= 3 or not CACHE.is_open, what="three probes")
    assert CACHE.is_open


@pytest.mark.parametrize(
    ("answer", "unfit"),
    [
        ("LOADING Valkey is loading the dataset in memory", True),
        ("CLUSTERDOWN Hash slot not served", True),
        ("MISCONF Errors writing to the AOF file: No space left on device", True),
        ("READONLY You can't write against a read only replica. script: 5f0a, on @user_script:3.", True),
        ("ERR Error running script: @user_script:3: -READONLY You can't write against a read only replica.", True),
        ("ERR unknown command 'OOM'", False),
        ("ERR user_script:1: attempt to index a nil value", False),
        ("NOSCRIPT No matching script.", False),
        ("BUSYGROUP Consumer Group name already exists", False),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", False),
    ],
)
def test_what_the_server_says_of_itself_is_told_from_what_it_says_of_us(answer, unfit):
    error = BaseParser.parse_error(answer)
    assert (isinstance(error, CACHE_DOWN) or is_unfit(error)) is unfit


def test_a_wrong_script_is_an_error_of_ours():
    with pytest.raises(ResponseError):
        cache().eval("return redis.call('HGET', 'only the key')", 0)
    assert not CACHE.is_open
