"""What follows when a name is changed that thousands of products show: waited for, disturbed, and looked at."""

import time

from .opened import Opened

CALM_WITHIN_SECONDS = 3_600
LOOK_EVERY_SECONDS = 0.5
WITHOUT_WORD = (
    "SELECT count(*) FROM products_document d WHERE NOT is_gone AND category_id = ? AND NOT EXISTS"
    " (SELECT 1 FROM products_term t WHERE t.product_id = d.product_id AND t.term = ?)"
)


def wait_for_calm(shop: Opened) -> float:
    """Until nothing waits any more. Returns when that was, of `time.monotonic`, to half a second."""
    deadline = time.monotonic() + CALM_WITHIN_SECONDS
    while shop.waiting():
        if time.monotonic() > deadline:
            raise TimeoutError("there is no end to what waits")
        time.sleep(LOOK_EVERY_SECONDS)  # each look is a connection of its own
    return time.monotonic()


def without_word(shop: Opened, category: int, word: str) -> int:
    """How many products of a category search does not find by a word."""
    return shop.count(WITHOUT_WORD, category, word)


def faults(shop: Opened) -> list[str]:
    """What the sampler finds wrong of everything there is: nothing, one hopes."""
    sampler = shop.start("sample", "--all")
    said, _ = sampler.communicate()
    return said.splitlines() if sampler.returncode else []


def kill_and_start(shop: Opened, name: str) -> None:
    """A process that is apart, as a power cut would kill it, and another in its place."""
    shop.apart[name].kill()
    shop.apart[name].start()
