"""The real thing: MariaDB, Valkey, RabbitMQ, nginx, clones, workers, relay and beat, from nothing to nothing."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings

from cluster import topology
from cluster.environment import choose, cluster_of, draw_ports, read
from cluster.errors import ClusterError
from cluster.leftovers import leftovers
from cluster.needs import check_programs
from cluster.places import Places
from cluster.supervision import Supervisor

from ..servers import lacking, wait_until

LISTENS, LOOPBACK = "0A", ("0100007F", "00000000000000000000000001000000")  # as the kernel writes them
ROW = re.compile(r"^(\S+) +running +(\d+) +[-\d]+ [:\d]+ *(\S*)$", re.MULTILINE)


@pytest.fixture
def cluster(short_path):
    """One that runs, in a folder of its own, with the packages that run this test."""
    needed()
    where = Places(short_path / "cluster")
    try:
        started = command(where, "start", PORT=str(draw_ports(1)[0]))
        assert started.returncode == 0, started.stdout + started.stderr
        yield where
    finally:
        command(where, "stop")
        shutil.rmtree(where.folder, ignore_errors=True)


def needed():
    try:
        check_programs()
    except ClusterError as reason:
        lacking(str(reason))


def command(where, *words, **environment):
    told = os.environ | {"CLUSTER_DIR": str(where.folder), "CLUSTER_VENV": sys.prefix} | environment
    for name in ("STATE_DIR", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REPLICA_URLS"):
        told.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "cluster", *words],
        cwd=settings.ROOT,
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )


def ask(where, path):
    url = read(where.env)["SITE_URL"] + path
    with urllib.request.urlopen(url, timeout=settings.PATIENCE_SECONDS) as response:
        return response


def rows(where):
    """Of each process that runs: its number and its release."""
    return {name: (int(pid), release) for name, pid, release in ROW.findall(command(where, "status").stdout)}


def open_files(pid):
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(FileNotFoundError):  # closed since
            yield os.readlink(file)


def open_to_others(where):
    """Ports on which a process of the cluster listens for other machines."""
    files = {name for pid in leftovers(where) for name in open_files(pid)}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, here, _, state, *_, inode = line.split()[:10]
            address, port = here.split(":")
            if state == LISTENS and f"socket:[{inode}]" in files and address not in LOOPBACK:
                yield int(port, 16)


def every_command():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def every_clone_gives_the_same_page_of_the_same_release(cluster):
    clones = set()

    def have_all_answered():
        answer = ask(cluster, "/shelves/?sort=price")
        assert answer.status == 200
        assert answer.headers["X-Release"] == cluster.current.resolve().name
        clones.add(answer.headers["X-Clone"])
        return clones == set(topology.RUNNING_CLONES)

    wait_until(have_all_answered, what="an answer of each clone")


def the_status_shows_every_process_with_its_release(cluster):
    shown = rows(cluster)
    of_releases = {f"{name}:0" for name in (*topology.RUNNING_CLONES, *topology.LANES, "relay", "beat")}
    servers = {"mariadb1", "mariadb2", "mariadb3", "cache", "keep", "broker", "proxy"}
    assert shown.keys() == of_releases | servers
    assert {shown[name][1] for name in of_releases} == {cluster.current.resolve().name}
    assert {shown[name][1] for name in servers} == {""}
    assert all(Path(f"/proc/{pid}").exists() for pid, _ in shown.values())


def nobody_listens_for_other_machines(cluster):
    assert list(open_to_others(cluster)) == []


def a_second_start_says_that_it_runs_or_starts_what_is_missing(cluster):
    again = command(cluster, "start")
    assert (again.returncode, again.stdout) == (
        0,
        f"The cluster runs already, at {read(cluster.env)['SITE_URL']}:"
        f" CLUSTER_DIR={cluster.folder} .venv/bin/python -m cluster status\n",
    )
    elsewhere = command(cluster, "start", PORT=str(draw_ports(1)[0]))
    assert elsewhere.returncode == 1
    assert "make cluster-stop first" in elsewhere.stderr
    before = rows(cluster)
    Supervisor(cluster).stop("web2:0", seconds=settings.PATIENCE_SECONDS)
    started = command(cluster, "start")
    assert started.returncode == 0, started.stderr
    after = rows(cluster)
    assert after.keys() == before.keys()
    assert {name for name in after if after[name] != before[name]} == {"web2:0"}


def a_server_that_is_killed_is_there_again(cluster):
    killed = rows(cluster)["mariadb1"][0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: rows(cluster).get("mariadb1", (killed,))[0] != killed, what="another mariadb1")
    assert ask(cluster, "/shelves/?sort=name").status == 200


def a_replica_becomes_the_primary_and_the_old_one_starts_as_a_replica(cluster):
    before = cluster_of(cluster, read(cluster.env)).primary
    promoted = command(cluster, "promote")
    assert promoted.returncode == 0, promoted.stderr
    after = cluster_of(cluster, read(cluster.env)).primary
    assert after.port != before.port
    assert read(cluster.env)["DATABASE_URL"] == after.url("shop")
    os.kill(before.pid, signal.SIGKILL)
    wait_until(lambda: before.answers(), what="the old primary")
    assert [row["only"] for server in (before, after) for row in server.ask("SELECT @@read_only AS only")] == [1, 0]
    assert ask(cluster, "/shelves/?sort=name").status == 200


def nothing_is_left_once_it_is_stopped_and_all_is_there_when_it_starts_again(cluster):
    before = rows(cluster)
    stopped = command(cluster, "stop")
    assert stopped.returncode == 0, stopped.stderr
    assert leftovers(cluster) == set()
    assert not [line for line in every_command() if str(cluster.folder) in line]
    assert command(cluster, "stop").stdout == "Nothing was running.\n"
    assert command(cluster, "start").returncode == 0
    assert rows(cluster).keys() == before.keys()
    assert ask(cluster, "/shelves/?sort=price").status == 200


def test_a_cluster_opens_answers_heals_and_closes(cluster):
    """One test, so that of two that run side by side only one has a cluster."""
    every_clone_gives_the_same_page_of_the_same_release(cluster)
    the_status_shows_every_process_with_its_release(cluster)
    nobody_listens_for_other_machines(cluster)
    a_second_start_says_that_it_runs_or_starts_what_is_missing(cluster)
    a_server_that_is_killed_is_there_again(cluster)
    a_replica_becomes_the_primary_and_the_old_one_starts_as_a_replica(cluster)
    nothing_is_left_once_it_is_stopped_and_all_is_there_when_it_starts_again(cluster)


def test_a_start_that_fails_names_the_log_and_leaves_nothing_running(short_path):
    needed()
    where = Places(short_path / "cluster")
    where.make()
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(choose(where)["CLUSTER_CACHE_PORT"])))
        other.listen()
        failed = command(where, "start", PORT=str(draw_ports(1)[0]))
    assert failed.returncode == 1
    assert failed.stderr == f"cache does not start; its log is {where.log('cache')}\n"
    assert "Address already in use" in where.log("cache").read_text()
    assert leftovers(where) == set()
