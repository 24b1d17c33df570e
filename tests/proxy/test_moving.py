"""Pages are replaced, and the pointer is moved, while visitors read: each gets one page or the other, and whole."""

import random
import threading
from contextlib import contextmanager

import pytest

from .standin import GZIP, PAGES

READERS = 4
TURNS = 40
BIG = 100_000  # letters: many times what one write to a socket takes


def page(seed: int) -> str:
    """A long page that cannot be packed well, and tells who wrote it."""
    return f"{seed} " + "".join(random.Random(seed).choices("abcdefghijklmnop", k=BIG))


@contextmanager
def readers(house, allowed: set[str], headers: dict[str, str]):
    """Some who read the first page again and again. At the end each has seen allowed pages alone."""
    stop, seen, others = threading.Event(), [], []

    def read():
        while not stop.is_set():
            answer = house.ask("/", **headers)
            (seen if answer.status == 200 and answer.text in allowed else others).append(answer.status)

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert others == []
    assert len(seen) > READERS


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_a_page_that_is_replaced_is_never_torn_and_the_next_reader_sees_the_new_one(house, headers):
    pages = [page(1), page(2)]
    house.publish("index.html", pages[0])
    with readers(house, set(pages), headers):
        for turn in range(TURNS):
            house.publish("index.html", pages[turn % 2])
            assert house.ask("/", **headers).text == pages[turn % 2]
    assert house.asked() == []


def test_the_pointer_moves_for_everybody_at_once(house):
    pages = {"r1": page(1), "r2": page(2)}
    for release, text in pages.items():
        house.publish("index.html", text, release)
    with readers(house, set(pages.values()), GZIP):
        for turn in range(TURNS):
            release = ("r2", "r1")[turn % 2]
            house.point(release)
            assert house.ask("/", **GZIP).text == pages[release]
    assert house.asked() == []


def test_a_page_that_is_removed_is_live_at_once_and_one_that_is_added_is_found(house):
    path = house.folder / "published/r1/shelves/1-bread/index.html.gz"
    for _ in range(5):
        path.unlink()
        assert house.is_live(house.ask("/shelves/1-bread/"))
        house.publish("shelves/1-bread/index.html", PAGES["shelves/1-bread/index.html"])
        assert house.ask("/shelves/1-bread/").text == "bread"
