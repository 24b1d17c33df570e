"""The server itself: started, told of other clones, stopped; and it leaves nothing outside of its folder."""

import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from shop.nginx import Nginx
from shop.nginx_files import Proxy
from tests.servers import wait_until


def test_it_answers_once_it_is_started_and_not_after_it_is_stopped(own_house):
    proxy = own_house.proxy
    assert proxy.answers()
    proxy.stop()
    assert not proxy.answers()
    with pytest.raises(ConnectionRefusedError):
        own_house.ask("/")
    proxy.start()
    assert own_house.ask("/").text == "the first page"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_it_ends_with_its_workers(own_house, number):
    pids = {own_house.proxy.process.pid, *own_house.proxy._workers()}
    assert len(pids) == 1 + os.cpu_count()
    own_house.proxy.stop(number)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the end of every worker")


def test_another_server_on_its_port_is_not_taken_for_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        folders = [tmp_path / name for name in ("published", "static", "media")]
        proxy = Nginx(tmp_path / "proxy", (), *folders, port=other.getsockname()[1])
        with pytest.raises(RuntimeError, match="nginx"):
            proxy.start()
        assert not proxy.answers()


def test_a_configuration_that_it_does_not_take_changes_nothing(own_house):
    with pytest.raises(RuntimeError, match="nginx does not take its configuration"):
        own_house.proxy.reload("no such clone:bread")
    assert own_house.is_live(own_house.ask("/account/"))


def test_it_writes_nowhere_but_in_its_folder(own_house):
    own_house.ask("/account/picture/", "POST", body=bytes(2**20))
    proxy = own_house.proxy
    files = {file for pid in (proxy.process.pid, *proxy._workers()) for file in files_of(pid)}
    assert proxy.folder / "log" in files
    assert [file for file in files if proxy.folder not in file.parents] == []
    assert all((proxy.folder / name).is_dir() for name in ("body", "answers", "none"))


def files_of(pid: int) -> set[Path]:
    """What a process has open, but for /dev/null, sockets and what has no place on a disk."""
    found = set()
    for number in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(os.readlink(number))
    return {Path(name) for name in found if name.startswith("/") and not name.startswith("/dev/")}


def test_every_name_in_the_template_is_filled_in(tmp_path):
    folders = [tmp_path / 'a "quoted" folder' for _ in range(3)]
    Proxy("127.0.0.1:8000", ("127.0.0.1:8001", "127.0.0.1:8002"), *folders, scheme="https").write(tmp_path)
    told = (tmp_path / "nginx.conf").read_text()
    assert re.findall(r"\$\{[A-Z_]+\}", told) == []
    assert told.count("server 127.0.0.1:8001 ") == told.count("server 127.0.0.1:8002 ") == 4
    assert "X-Forwarded-Proto https;" in told
    with pytest.raises(ValueError, match="dollar"):
        Proxy("127.0.0.1:8000", (), tmp_path / "$HOME", tmp_path, tmp_path).write(tmp_path)


def test_folders_may_have_any_other_name(tmp_path):
    folders = [tmp_path / name for name in ("a 'b' {c};", 'd "e" #f', "g\\h")]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "shop.css").write_text("a{}")
    proxy = Nginx(tmp_path / "proxy", (), *folders)
    try:
        proxy.start()
        assert proxy.answers()
    finally:
        proxy.stop()
