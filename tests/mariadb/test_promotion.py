"""A replica becomes the primary: with the old one alive, dead, silent, or back with something of its own."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from django.conf import settings

from shop import mariadb_promotion
from shop.mariadb import Cluster
from shop.mariadb_data import MariaDBError, MySQLdb
from shop.mariadb_promotion import promote

from ..servers import PATIENCE_SECONDS, start_mariadb, wait_until

READ_ONLY = 1290


@pytest.fixture
def cluster(tmp_path):
    with start_mariadb(Cluster(tmp_path / "databases")) as cluster:
        cluster.primary.ask("CREATE TABLE shop.orders (number INT PRIMARY KEY)")
        assert cluster.catch_up()
        yield cluster


def promoted(cluster, port=None):
    announced = []
    server = promote(cluster, port, announced.append, lambda step: None)
    assert announced == [f"127.0.0.1:{server.port}"]
    return server


def connect(server):
    return MySQLdb.connect(
        host="127.0.0.1",
        port=server.port,
        user="shop",
        password=server.passwords["shop"],
        db="shop",
        connect_timeout=PATIENCE_SECONDS,
        read_timeout=5,
        autocommit=True,
    )


def order(server, number):
    connection = connect(server)
    connection.cursor().execute("INSERT INTO orders VALUES (%s)", [number])
    connection.close()


def orders(server):
    return {row["number"] for row in server.ask("SELECT number FROM shop.orders")}


@contextmanager
def customers(server):
    """Somebody orders without a pause, until the server refuses; the set has the orders that were acknowledged."""
    acknowledged, stop = set(), threading.Event()

    def buy():
        connection = connect(server)
        for number in range(1, 1_000_000):
            try:
                connection.cursor().execute("INSERT INTO orders VALUES (%s)", [number])
            except MySQLdb.Error:
                return
            acknowledged.add(number)
            if stop.is_set():
                return

    thread = threading.Thread(target=buy)
    thread.start()
    try:
        wait_until(lambda: len(acknowledged) > 200, what="the first orders")
        yield acknowledged
    finally:
        stop.set()
        thread.join()


def kill(server):
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()


def test_with_the_old_primary_alive_nothing_is_lost_and_it_follows(cluster):
    old = cluster.primary
    with customers(old) as acknowledged:
        new = promoted(cluster)
    assert acknowledged <= orders(new)
    assert cluster.primary is new
    order(new, 2_000_000)
    assert cluster.catch_up()
    assert all(orders(server) == orders(new) for server in cluster.servers)
    with pytest.raises(MySQLdb.OperationalError) as refused:
        order(old, 3_000_000)
    assert refused.value.args[0] == READ_ONLY


def test_the_replica_that_was_asked_for_is_promoted_and_stays_it(cluster):
    wanted = cluster.replicas[1]
    assert promoted(cluster, wanted.port) is wanted
    assert Cluster(cluster.folder).primary.port == wanted.port
    cluster.stop()
    cluster.start()
    order(wanted, 1)
    assert cluster.catch_up()


def test_with_semi_synchronous_replication_a_dead_primary_loses_no_acknowledged_order(cluster):
    cluster.semi_sync = True
    cluster.start()
    with customers(cluster.primary) as acknowledged:
        kill(cluster.primary)
    new = promoted(cluster)
    assert acknowledged <= orders(new)
    order(new, 2_000_000)
    cluster.start()
    assert cluster.catch_up()
    assert all(orders(server) == orders(new) for server in cluster.servers)


def test_what_an_old_primary_held_alone_is_put_aside(cluster):
    old = cluster.primary
    for replica in cluster.replicas:
        replica.ask("STOP SLAVE IO_THREAD")
    order(old, 13)
    kill(old)
    new = promoted(cluster)
    order(new, 14)
    cluster.start()
    assert cluster.catch_up()
    assert orders(old) == orders(new) == {14}
    assert len(list(old.folder.glob("data.alone-*"))) == 1


def test_what_was_received_is_applied_before_it_leads(cluster):
    first, second = cluster.replicas
    second.ask("STOP SLAVE")
    first.ask("STOP SLAVE SQL_THREAD")
    for number in range(100):
        order(cluster.primary, number)
    wait_until(lambda: first.replication()["Gtid_IO_Pos"].endswith(gtid_number(cluster.primary)))
    kill(cluster.primary)
    with pytest.raises(MariaDBError, match=f"{first.port} has received more"):
        promoted(cluster, second.port)
    assert promoted(cluster) is first
    assert orders(first) == set(range(100))
    assert second.catch_up(first)


def gtid_number(server):
    return server.ask("SELECT @@gtid_binlog_pos AS position")[0]["position"].rpartition("-")[2]


def test_a_primary_that_does_not_answer_is_ended_first(cluster):
    old = cluster.primary
    os.kill(old.pid, signal.SIGSTOP)
    promoted(cluster)
    assert old.process.poll() == -signal.SIGKILL


def test_a_replica_too_far_behind_is_not_promoted_and_nothing_changes(cluster, monkeypatch):
    monkeypatch.setattr(mariadb_promotion, "CAUGHT_UP_WITHIN_SECONDS", 0.1)
    old = cluster.primary
    for replica in cluster.replicas:
        replica.ask("STOP SLAVE SQL_THREAD")
    order(old, 1)
    with pytest.raises(MariaDBError, match="too far behind"):
        promoted(cluster)
    assert cluster.primary is old
    order(old, 2)


def test_without_a_replica_there_is_nothing_to_promote(cluster):
    for replica in cluster.replicas:
        kill(replica)
    with pytest.raises(MariaDBError, match="No replica answers"):
        promoted(cluster)


def test_a_port_where_no_replica_listens_is_refused(cluster):
    with pytest.raises(MariaDBError, match="databases status"):
        promoted(cluster, 1)


@pytest.mark.parametrize("keep_answers", [True, False])
def test_the_command_promotes_only_when_everybody_can_be_told(cluster, keep_answers):
    folder = cluster.folder.parent
    environment = os.environ | {
        "STATE_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "settings.embedded",
        "KEEP_URL": settings.KEEP_URL if keep_answers else "redis://127.0.0.1:1/0",
        "SECRET_KEY": "of-the-test",
        "DATABASE_URL": "",
        "REPLICA_URLS": "",
    }
    command = [sys.executable, "manage.py", "databases", "promote"]
    done = subprocess.run(
        command,
        cwd=settings.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert ("Epoch 1 has begun" in done.stdout) == keep_answers, done.stderr
    assert ("open the shop first" in done.stderr) != keep_answers
    assert (done.returncode == 0) == keep_answers
