"""What the processes of a cluster are told: chosen once, for one user's eyes, and read by any shell."""

import os
import socket
import stat
from pathlib import Path

import pytest
from django.conf import settings

from cluster.environment import LISTENERS, choose, draw_ports, of_processes, port_name, read
from cluster.errors import ClusterError
from cluster.needs import check_port

NOT_OF_THE_SHOP = ("CLUSTER_", "DJANGO_SETTINGS_MODULE")


def test_what_was_chosen_once_is_kept(where):
    assert choose(where) == choose(where) == read(where.env)


def test_nobody_else_reads_it(where):
    choose(where)
    assert stat.S_IMODE(where.env.stat().st_mode) == 0o600
    assert stat.S_IMODE((where.databases / "cluster.json").stat().st_mode) == 0o600


def test_no_two_listen_on_one_port_and_none_where_the_kernel_may_put_a_connection(where):
    told = choose(where)
    ports = {int(told[port_name(name)]) for name in LISTENERS}
    assert len(ports) == len(LISTENERS)
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports) < first


def test_a_shell_reads_it_as_it_is_meant(where):
    for name, value in choose(where).items():
        assert name.isidentifier()
        assert not set(value) & set(" \t\n\"'$`\\;&|<>()*?#~"), name


def test_the_shop_is_told_nothing_that_it_does_not_read(where):
    listed = {line.partition("=")[0] for line in (settings.ROOT / ".env.example").read_text().splitlines()}
    told = {name for name in choose(where) if not name.startswith(NOT_OF_THE_SHOP)}
    assert told <= listed


def test_another_port_counts_from_the_next_start_on(where, monkeypatch):
    assert choose(where)["SITE_URL"] == "http://127.0.0.1:8080"
    monkeypatch.setenv("PORT", "8123")
    assert choose(where)["SITE_URL"] == "http://127.0.0.1:8123"
    monkeypatch.delenv("PORT")
    assert choose(where)["CLUSTER_PORT"] == "8123"


def test_who_is_asked_by_another_name_speaks_tls_to_visitors(where, monkeypatch):
    assert choose(where)["TLS"] == "false"
    monkeypatch.setenv("HOSTS", "bakery.example www.bakery.example")
    told = choose(where)
    assert told["ALLOWED_HOSTS"] == "127.0.0.1,localhost,bakery.example,www.bakery.example"
    assert (told["TLS"], told["SITE_URL"]) == ("true", "https://bakery.example")


def test_a_process_gets_nothing_else_of_whoever_starts_it(where, monkeypatch):
    monkeypatch.setenv("MALLORYS", "own")
    told = of_processes(choose(where))
    assert "MALLORYS" not in told
    assert told["PATH"] == os.environ["PATH"]


def test_a_port_that_is_taken_is_not_drawn_and_not_taken_for_the_shop(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr("cluster.environment.PORTS", [port])
        with pytest.raises(ClusterError, match="no free ports"):
            draw_ports(1)
        with pytest.raises(ClusterError, match=f"Port {port} is taken: try PORT={port % 65535 + 1} make cluster."):
            check_port(str(port))


@pytest.mark.parametrize("port", ["0", "65536", "http", ""])
def test_a_port_is_a_number(port):
    with pytest.raises(ClusterError, match="PORT must be a number from 1 to 65535"):
        check_port(port)
