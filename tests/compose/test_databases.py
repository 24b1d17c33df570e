"""What the database image runs in an empty folder makes a primary, and a replica that follows it."""

import os
import subprocess

import MySQLdb
import pytest

from shop.mariadb_data import install, missing
from shop.mariadb_server import Server
from shop.valkeys import free_port
from tests.compose.files import COMPOSE
from tests.servers import lacking, need, wait_until

FIRST = [
    "ALTER USER root@localhost IDENTIFIED BY 'of-root'",
    "CREATE USER keeper@127.0.0.1 IDENTIFIED BY 'of-keeper'",
    "GRANT ALL ON *.* TO keeper@127.0.0.1",
]
PASSWORDS = {"keeper": "of-keeper", "shop": "of-shop", "reader": "of-reader"}


@pytest.fixture
def pair(tmp_path):
    """The primary and a replica, each after its scripts and one restart, as the image does it."""
    need("mariadb")
    if reason := missing():
        lacking(reason)
    servers = [Server(tmp_path / name, number, free_port(), PASSWORDS) for number, name in ((1, "one"), (2, "two"))]
    try:
        _begin(servers[0], "primary", ["accounts.sh"], servers[0].port)
        _begin(servers[1], "replica", ["accounts.sh", "follow.sh"], servers[0].port)
        yield servers
    finally:
        for server in servers:
            server.stop()


def test_a_replica_follows_from_the_very_first_write(pair):
    primary, replica = pair
    with _connect(primary, "shop") as connection:
        connection.cursor().execute("CREATE TABLE loaf (weight INT)")
        connection.cursor().execute("INSERT INTO loaf VALUES (750)")
        connection.commit()
    assert replica.catch_up(primary)
    with _connect(replica, "reader") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT weight FROM loaf")
        assert cursor.fetchall() == ((750,),)


def test_an_account_may_do_its_own_work_and_no_more(pair):
    primary, replica = pair
    with _connect(primary, "reader") as connection, pytest.raises(MySQLdb.OperationalError, match="denied"):
        connection.cursor().execute("CREATE TABLE loaf (weight INT)")
    with _connect(replica, "shop") as connection, pytest.raises(MySQLdb.OperationalError, match="read-only"):
        connection.cursor().execute("CREATE TABLE loaf (weight INT)")
    with _connect(primary, "shop") as connection, pytest.raises(MySQLdb.OperationalError, match="denied"):
        connection.cursor().execute("CREATE DATABASE elsewhere")
    with _connect(replica, "reader") as connection:
        connection.cursor().execute("SHOW ALL SLAVES STATUS")


def _begin(server, role, scripts, primary_port):
    server.folder.mkdir()
    install(server.folder / "data", FIRST)
    server.start(role)
    server.wait()
    socket = server.folder / "data" / "socket"
    (server.folder / ".my.cnf").write_text(f"[client]\nsocket={socket}\n")
    said = {
        "PATH": os.environ["PATH"],
        "HOME": str(server.folder),
        "MARIADB_ROOT_PASSWORD": "of-root",
        "SHOP_PASSWORD": PASSWORDS["shop"],
        "READER_PASSWORD": PASSWORDS["reader"],
        "REPLICATION_PASSWORD": "of-replication",
        "PRIMARY_HOST": "127.0.0.1",
        "PRIMARY_PORT": str(primary_port),
    }
    for script in scripts:
        done = subprocess.run(
            ["sh", COMPOSE / "mariadb-init" / script], env=said, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    server.stop()
    server.start(role)
    server.wait()
    if role == "replica":
        wait_until(lambda: server.replication()["Slave_IO_Running"] == "Yes", what="the replica’s connection")


def _connect(server, account):
    return MySQLdb.connect(
        host="127.0.0.1", port=server.port, user=account, password=PASSWORDS[account], database="shop"
    )
