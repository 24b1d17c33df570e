"""Write to the primary, read from the replica; whoever has written reads the primary."""

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from accounts.models import User
from products.models import Product
from scaling.replicas import primary, read_alias, snapshot, unit_of_work
from scaling.xray import measured

from ..factories import make_category, make_product

REPLICA = settings.REPLICAS[0]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def a_fresh_request():
    with unit_of_work():
        yield


def reads(client, path):
    header = client.get(path)["Server-Timing"]
    return {alias: int(header.split(f'sql-{alias};desc="')[1].split()[0]) for alias in ("default", REPLICA)}


def test_a_page_is_read_from_the_replica(client):
    make_product()
    cost = reads(client, "/sitemap.xml")
    assert cost["default"] == 0
    assert cost[REPLICA] > 0


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


def test_whoever_has_written_reads_the_primary(client):
    with measured() as cost:
        make_category("Cakes")
        list(Product.objects.all())
    assert set(cost.sql) == {"default"}
    assert read_alias() == "default"


def test_a_block_may_ask_for_the_primary():
    with primary():
        assert read_alias() == "default"
    assert read_alias() == REPLICA


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
