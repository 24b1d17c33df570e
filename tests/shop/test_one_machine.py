"""What a shop on one machine checks and chooses before it starts."""

import socket
import stat

import pytest

from shop import one_machine
from shop.one_machine import CannotStartError, check_port, check_room, claim, environment


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)


@pytest.mark.parametrize("port", ["", "bread", "0", "70000", "-1"])
def test_a_port_that_is_none_is_said_so(port):
    with pytest.raises(CannotStartError, match="PORT must be a number from 1 to 65535"):
        check_port("127.0.0.1", port)


def test_a_taken_port_names_the_next():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStartError, match=f"Port {port} is taken: try PORT={port + 1} make run."):
            check_port("127.0.0.1", str(port))


def test_an_address_of_another_machine_is_no_host():
    with pytest.raises(CannotStartError, match=r"HOST must be an address of this machine, not '192\.0\.2\.1'\."):
        check_port("192.0.2.1", "8000")


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(one_machine, "ROOM_MB", 2**40)
    with pytest.raises(CannotStartError, match="The disk is full") as refusal:
        check_room(tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_folder_is_claimed_once_at_a_time(tmp_path):
    with claim(tmp_path / "state"), pytest.raises(CannotStartError, match="A shop is already running"):
        claim(tmp_path / "state")
    claim(tmp_path / "state").close()


def test_key_and_servers_are_chosen_once_and_are_for_our_eyes_alone(tmp_path):
    first = environment(tmp_path)
    assert environment(tmp_path) == first
    assert len(first["SECRET_KEY"]) >= 50
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600


def test_a_server_moves_when_somebody_else_has_its_port(tmp_path):
    first = environment(tmp_path)
    port = int(first["KEEP_URL"].removesuffix("/0").rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        second = environment(tmp_path)
    assert second["KEEP_URL"] != first["KEEP_URL"]
    assert second["CACHE_URL"] == first["CACHE_URL"]
    assert second["SECRET_KEY"] == first["SECRET_KEY"]
