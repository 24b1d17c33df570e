"""A listening socket passes from one clone to the next, and dead ones leave nothing behind for long."""

import os
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from scaling.handover import Offer, take

from ..servers import wait_until


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def path():
    """Short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="h") as folder:
        yield Path(folder) / "web1.sock"


def taken_of(offer, path):
    """What a successor gets while the clone looks for one."""
    got = []
    asking = threading.Thread(target=lambda: got.append(take(path)))
    asking.start()
    wait_until(lambda: offer.answer() or not asking.is_alive(), what="the successor")
    return got[0]


def left_by_a_dead_one(path, pid):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path.with_suffix(f".{pid}.sock")))


def test_the_successor_gets_the_same_socket_and_sweeps_what_dead_ones_left(path, listener):
    left_by_a_dead_one(path, 1)
    offer = Offer(path, listener.fileno())
    left_by_a_dead_one(path, 2)
    taken = taken_of(offer, path)
    assert os.path.sameopenfile(taken, listener.fileno())
    os.close(taken)
    assert [each.name for each in path.parent.glob("web1*")] == [f"web1.{os.getpid()}.sock"]
    offer.withdraw()


def test_where_all_are_dead_there_is_nothing_to_take_over(path):
    left_by_a_dead_one(path, 1)
    assert take(path) is None
    assert list(path.parent.iterdir()) == []


def test_who_ends_leaves_nothing_behind(path, listener):
    Offer(path, listener.fileno()).withdraw()
    assert list(path.parent.iterdir()) == []
