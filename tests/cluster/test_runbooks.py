"""docs/runbooks.md on the real thing: a clone leaves, a worker and the primary die, a backup is restored."""

import os
import shutil
import signal
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.conf import settings

from bench.proofs.visitor import number, place_order, sign_up
from bench.visitor import Visitor
from cluster.environment import cluster_of, draw_ports, read
from cluster.places import Places
from cluster.supervision import Supervisor

from ..servers import wait_until
from .test_cluster import ask, cluster, command, rows  # noqa: F401, a fixture


def done(where, *words, **environment):
    told = command(where, *words, **environment)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def a_clone_leaves_and_joins_while_the_shop_is_open(where):
    done(where, "leave", "web2")
    assert "web2:0" not in rows(where)
    assert {ask(where, "/shelves/?sort=price").headers["X-Clone"] for _ in range(12)} <= {"web1", "web3"}
    done(where, "join", "web2")
    wait_until(lambda: ask(where, "/shelves/?sort=price").headers["X-Clone"] == "web2", what="an answer of the clone")


def a_worker_that_hangs_is_killed_and_another_one_works(where):
    hung = rows(where)["bulk:0"][0]
    os.kill(hung, signal.SIGKILL)
    wait_until(lambda: rows(where).get("bulk:0", (hung,))[0] != hung, what="another worker")


def a_replica_follows_a_dead_primary(where):
    """One that does not come back by itself, and is started again later."""
    dead = cluster_of(where, read(where.env)).primary
    Supervisor(where).stop(f"mariadb{dead.number}", seconds=settings.PATIENCE_SECONDS)
    assert "does not answer; it is ended" in done(where, "promote")
    done(where, "start")
    every = cluster_of(where, read(where.env))
    assert every.primary.port != dead.port
    assert dead.answers()
    assert every.catch_up()


def customer(where):
    """One who has signed up, and the path of a product."""
    visitor = Visitor(read(where.env)["SITE_URL"])
    sign_up(visitor)
    shelf = visitor.get(visitor.get("/").link("/shelves/"))
    return visitor, path_of(shelf.link("/products/"))


def ordered(visitor, path):
    """The path of the order."""
    product = visitor.get(path)
    visitor.send(product, product=number(product))
    order = place_order(visitor)
    assert order.status == 200
    return path_of(order.url)


def path_of(url):
    return urlsplit(url).path


@contextmanager
def restored(where, backup):
    """Another cluster made of it, which runs while the one before does not."""
    new = Places(where.folder.with_name("again"))
    try:
        done(new, "restore", str(backup))
        done(where, "stop")
        done(new, "start", PORT=str(draw_ports(1)[0]))
        yield new
    finally:
        command(new, "stop")
        shutil.rmtree(new.folder, ignore_errors=True)


def a_backup_of_the_open_shop_is_restored(where, backup):
    """Given an order, a backup, and another order
    When the backup is restored in another folder
    Then the order from before is there, its owner is still signed in, and the one from after is not there."""
    visitor, product = customer(where)
    before = ordered(visitor, product)
    assert "the databases at " in done(where, "backup", str(backup))
    after = ordered(visitor, product)
    ports = {server.port for server in cluster_of(where, read(where.env)).servers}
    with restored(where, backup) as new:
        returning = Visitor(read(new.env)["SITE_URL"], visitor.cookies)
        assert [returning.get(path).status for path in (before, after)] == [200, 404]
        every = cluster_of(new, read(new.env))
        assert ports.isdisjoint(server.port for server in every.servers)
        assert ordered(returning, product) != before
        assert every.catch_up()


def test_the_runbooks_are_followed(cluster, tmp_path):  # noqa: F811
    """One test, so that of two that run side by side only one has a cluster."""
    a_clone_leaves_and_joins_while_the_shop_is_open(cluster)
    a_worker_that_hangs_is_killed_and_another_one_works(cluster)
    a_replica_follows_a_dead_primary(cluster)
    a_backup_of_the_open_shop_is_restored(cluster, tmp_path / "backup")
