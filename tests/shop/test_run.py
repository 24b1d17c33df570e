"""`manage.py run`, for real: it opens the shop, and whatever ends it ends every process it started."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from shop.memory import PROC, family
from shop.valkeys import free_port
from tests.servers import PATIENCE_SECONDS, wait_until

OURS = ("STATE_DIR", "CACHE_URL", "KEEP_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
EVERY_PROCESS = 19  # the manager, eight processes and their go-betweens, and gunicorn’s two workers
A_BAKERY = "from tests.factories import make_product; call_command('migrate', verbosity=0); make_product()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A shop with one loaf in it, so that no demo bakery has to be loaded."""
    folder = tmp_path_factory.mktemp("state")
    code = f"from django.core.management import call_command; {A_BAKERY}"
    subprocess.run(manage("shell", "-c", code), env=environment(folder, 0), cwd=settings.ROOT, check=True)
    return folder


@pytest.fixture
def shop(folder):
    shops = []

    def start():
        shops.append(Shop(folder))
        return shops[-1]

    yield start
    for each in shops:
        each.close()


class Shop:
    def __init__(self, folder: Path):
        self.port, self.opened = free_port(), folder / "opened"
        self.process = subprocess.Popen(
            manage("run"),
            env=environment(folder, self.port),
            cwd=settings.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def family(self) -> set[int]:
        return family(self.process.pid)

    def wait_for_page(self) -> set[int]:
        """Until the page answers and every process is there; their ids."""
        wait_until(lambda: status(f"http://127.0.0.1:{self.port}/livez") == 200, what="the first page")
        wait_until(self.opened.exists, what="the word that the shop is open")
        wait_until(lambda: len(self.family()) >= EVERY_PROCESS, what="the start of every process")
        return self.family()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send the signal; the status and what was said."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said

    def close(self):
        for pid in self.family() if self.process.poll() is None else ():
            os.kill(pid, signal.SIGKILL)


def manage(*words: str) -> list[str]:
    return [sys.executable, "manage.py", *words]


def environment(folder: Path, port: int) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    return clean | {"STATE_DIR": str(folder), "PORT": str(port)}


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.status
    except OSError:
        return 0


def running(pids: set[int]) -> set[int]:
    """Those that have neither ended nor only wait to be reaped."""
    return {pid for pid in pids if (text := stat(pid)) and text.rpartition(")")[2].split()[0] != "Z"}


def stat(pid: int) -> str:
    try:
        return (PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_shop_and_leaves_no_process_behind(shop, number):
    one = shop()
    pids = one.wait_for_page()
    code, said = one.end(number)
    assert code == 0
    assert f"http://127.0.0.1:{one.port}" in said
    assert "ana@bakery.example" in said
    assert said.endswith("The shop is closed.\n")
    assert not running(pids)


def test_a_manager_that_is_killed_takes_its_processes_along(shop):
    one = shop()
    pids = one.wait_for_page()
    one.end(signal.SIGKILL)
    wait_until(lambda: not running(pids), what="the end of every process")


def test_a_signal_while_it_starts_leaves_no_process_behind(shop):
    one = shop()
    wait_until(lambda: len(one.family()) > 3, what="the first process")
    pids = one.family()
    code, _ = one.end(signal.SIGTERM)
    assert code == 0
    assert not running(pids)


def test_a_process_that_fails_closes_the_shop_and_is_named(shop, folder):
    one = shop()
    pids = one.wait_for_page()
    os.kill(valkey_of(folder / "keep", pids), signal.SIGKILL)
    code, said = one.ended()
    assert code == 1
    assert said.splitlines()[-1].startswith("keep ended by itself with status -9")
    assert (folder / "logs" / "keep.log").exists()
    assert not running(pids)


def valkey_of(folder: Path, pids: set[int]) -> int:
    return next(pid for pid in pids if works_in(pid) == str(folder.resolve()))


def works_in(pid: int) -> str:
    """Its folder; "" for one that has ended, like the `sleep` of a worker that waits."""
    try:
        return os.readlink(PROC / str(pid) / "cwd")
    except OSError:
        return ""


def test_a_taken_port_is_one_clear_line(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            manage("run"), env=environment(folder, port), cwd=settings.ROOT, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is taken: try PORT={port + 1} make run.\n"


def test_one_folder_is_one_shop(shop, folder):
    one = shop()
    wait_until(lambda: len(one.family()) > 3, what="the first process")
    second = subprocess.run(
        manage("run"), env=environment(folder, free_port()), cwd=settings.ROOT, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert second.stderr == f"A shop is already running from {folder}: stop it first, or set STATE_DIR.\n"
    one.end(signal.SIGTERM)
