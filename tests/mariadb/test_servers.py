"""A primary and two replicas of our own: from nothing in seconds, each account with its rights, ended in order."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest
from django.conf import settings

from shop.mariadb import QUICK, Cluster
from shop.mariadb_data import MySQLdb, missing

from ..servers import start_mariadb, wait_until

READ_ONLY, DENIED = 1290, 1142
VERBS = ("start", "status", "promote", "stop")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with start_mariadb(Cluster(tmp_path_factory.mktemp("databases")), *QUICK) as cluster:
        cluster.primary.ask("CREATE TABLE shop.bread (name VARCHAR(20))")
        yield cluster


def execute(server, account, statement):
    connection = MySQLdb.connect(
        host="127.0.0.1",
        port=server.port,
        user=account,
        password=server.passwords[account],
        db="shop",
        autocommit=True,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def test_what_is_written_on_the_primary_is_read_on_every_replica(cluster):
    execute(cluster.primary, "shop", "INSERT INTO bread VALUES ('Rye')")
    assert cluster.catch_up()
    for replica in cluster.replicas:
        assert execute(replica, "reader", "SELECT name FROM bread WHERE name = 'Rye'") == (("Rye",),)


@pytest.mark.parametrize("account", ["shop", "reader"])
def test_nobody_writes_on_a_replica(cluster, account):
    with pytest.raises(MySQLdb.OperationalError) as refused:
        execute(cluster.replicas[0], account, "INSERT INTO bread VALUES ('Rye')")
    assert refused.value.args[0] == READ_ONLY


def test_the_reader_writes_nowhere(cluster):
    with pytest.raises(MySQLdb.OperationalError) as refused:
        execute(cluster.primary, "reader", "INSERT INTO bread VALUES ('Rye')")
    assert refused.value.args[0] == DENIED


def test_shop_and_reader_may_see_how_far_a_replica_is(cluster):
    for account in ("shop", "reader"):
        assert execute(cluster.replicas[0], account, "SHOW SLAVE STATUS")


def test_a_replica_without_its_sql_thread_stays_behind_until_it_has_it_again(cluster):
    replica = cluster.replicas[0]
    replica.ask("STOP SLAVE SQL_THREAD")
    execute(cluster.primary, "shop", "INSERT INTO bread VALUES ('Bagel')")
    assert not replica.catch_up(cluster.primary, seconds=0.1)
    replica.ask("START SLAVE SQL_THREAD")
    assert replica.catch_up(cluster.primary)


def test_a_server_can_be_made_a_black_hole(cluster):
    replica = cluster.replicas[1]
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        with socket.create_connection(("127.0.0.1", replica.port), timeout=1):
            assert not replica.answers()
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    wait_until(replica.answers)


def test_a_killed_replica_starts_again_and_catches_up(cluster):
    replica = cluster.replicas[1]
    os.kill(replica.pid, signal.SIGKILL)
    replica.process.wait()
    execute(cluster.primary, "shop", "INSERT INTO bread VALUES ('Brioche')")
    cluster.start()
    assert cluster.catch_up()
    assert execute(replica, "reader", "SELECT name FROM bread WHERE name = 'Brioche'")


def test_the_database_knows_local_days(cluster):
    (row,) = cluster.primary.ask("SELECT CONVERT_TZ('2026-03-29 01:00:00', 'UTC', %s) AS local", settings.TIME_ZONE)
    assert str(row["local"]) == "2026-03-29 02:00:00"


def test_the_command_starts_shows_and_stops_them(cluster, tmp_path):
    started = databases(tmp_path, "start")
    try:
        assert started.stdout.startswith("export DATABASE_URL=mysql://shop:")
        assert "export REPLICA_URLS=mysql://reader:" in started.stdout
        assert databases(tmp_path, "status").stdout.count("process") == 3
    finally:
        stopped = databases(tmp_path, "stop")
    assert stopped.returncode == 0
    assert databases(tmp_path, "status").stdout.count("does not answer") == 3


def test_where_there_is_nothing_to_stop_it_is_done(tmp_path):
    """As `systemctl stop` and `docker compose stop` have it: what was asked for is so."""
    stopped = databases(tmp_path, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "There are no databases here: nothing to stop.\n")
    shown = databases(tmp_path, "status")
    assert (shown.returncode, "databases start" in shown.stderr) == (1, True)


def test_the_command_explains_its_verbs_and_options(tmp_path):
    helped = databases(tmp_path, "--help").stdout
    for line in (
        "see below",
        r"--port PORT +promote: ",
        r"--semi-sync +start: ",
        *(rf"\n{verb} +\w" for verb in VERBS),
    ):
        assert re.search(line, helped), line


def databases(folder, action):
    command = [sys.executable, "manage.py", "databases", action]
    environment = os.environ | {"STATE_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "settings.embedded"}
    return subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, check=False)


def test_what_is_not_installed_is_said_in_one_line_with_its_package(monkeypatch):
    monkeypatch.setattr("shop.mariadb_data.program", lambda name: None)
    assert missing() == "mariadbd is not installed (Debian: apt-get install mariadb-server-core mariadb-client-core)."
