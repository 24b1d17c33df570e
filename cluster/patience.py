"""Long steps say that they go on."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_SECONDS = 20.0


@contextmanager
def telling(what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Say now and then, until the block ends, that this is still under way."""
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(EVERY_SECONDS):
            say(f"… still {what} ({time.monotonic() - began:.0f} s)")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
