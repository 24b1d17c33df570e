"""Write to the primary, read from the replica; whoever has written reads the primary."""

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from accounts.models import Friendship, User
from products.models import Product
from scaling.health import Replica
from scaling.monitor import monitor
from scaling.replicas import primary, read_alias, snapshot, unit_of_work
from scaling.xray import measured

from ..factories import make_category, make_product, make_review

REPLICA = settings.REPLICAS[0]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def a_fresh_request():
    with unit_of_work():
        yield


def reads(client, path):
    header = client.get(path)["Server-Timing"]
    return {alias: int(header.split(f'sql-{alias};desc="')[1].split()[0]) for alias in settings.DATABASES}


def test_a_page_is_read_from_one_replica(client):
    loaf = make_review().product
    client.get(loaf.get_absolute_url())
    cost = reads(client, f"{loaf.get_absolute_url()}reviews/")
    assert cost["default"] == 0
    assert sum(count > 0 for count in cost.values()) == 1


def test_a_request_reads_from_one_replica():
    with unit_of_work():
        assert len({read_alias() for _ in range(9)}) == 1


def test_queries_are_spread_evenly_however_many_a_request_asks():
    for queries in [1, 9, 2, 5, 1, 1, 7, 3] * 5:
        with unit_of_work():
            for _ in range(queries):
                read_alias()
    asked = [monitor().asked[alias] for alias in settings.REPLICAS]
    assert max(asked) - min(asked) <= 9
    assert min(asked) > 0


def test_a_replica_that_comes_back_is_not_made_up_to(monkeypatch):
    watched = monitor()
    monkeypatch.setattr(watched, "is_watching", True)
    both = {"one": Replica("one", 10, 0), "two": Replica("two", 10, 0)}
    monkeypatch.setattr(watched, "replicas", both)
    monkeypatch.setattr(Replica, "is_in_service", lambda self, now: self.alias == "one" or self.is_in)
    watched.in_service()
    watched.asked["one"] += 1000
    both["two"].is_in = True
    assert watched.in_service() == ["one", "two"]
    watched.asked["one"] += 1
    assert watched.in_service() == ["two", "one"]


def test_a_write_inside_a_block_binds_the_rest_of_the_request():
    with primary():
        make_category("Cakes")
    assert read_alias() == "default"


def test_a_write_on_the_replica_is_an_error():
    make_product()
    with pytest.raises(OperationalError):
        Product.objects.using(REPLICA).update(name="Rye")


def test_inside_a_transaction_everything_is_the_primarys():
    with transaction.atomic(), measured() as cost:
        make_category("Cakes")
        list(Product.objects.all())
    assert set(cost.sql) == {"default"}


def test_who_signs_in_is_asked_of_the_primary():
    with measured() as cost:
        list(User.objects.all())
    assert set(cost.sql) == {"default"}


def test_who_follows_whom_is_asked_of_a_replica():
    with measured() as cost:
        list(Friendship.objects.all())
    (alias,) = cost.sql
    assert alias in settings.REPLICAS


def test_whoever_has_written_reads_the_primary(client):
    with measured() as cost:
        make_category("Cakes")
        list(Product.objects.all())
    assert set(cost.sql) == {"default"}
    assert read_alias() == "default"


def test_a_block_may_ask_for_the_primary():
    with primary():
        assert read_alias() == "default"
    assert read_alias() in settings.REPLICAS


def test_assembling_reads_one_snapshot_that_is_never_behind_and_cannot_write():
    with snapshot() as alias:
        assert alias == (REPLICA if connection.vendor == "sqlite" else "default")
        assert connections[alias].in_atomic_block
        with pytest.raises(DatabaseError):
            Product.objects.using(alias).filter(pk=1).update(name="Rye")


def test_a_snapshot_inside_a_transaction_sees_what_it_wrote():
    with transaction.atomic():
        make_category("Cakes")
        with snapshot() as alias:
            assert alias == "default"


def test_without_replicas_everything_is_read_from_the_primary(monkeypatch):
    monkeypatch.setattr(settings, "REPLICAS", [])
    monkeypatch.setattr(monitor(), "replicas", {})
    with unit_of_work(), snapshot() as alias:
        assert (alias, read_alias()) == ("default", "default")
