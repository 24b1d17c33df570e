"""Work behind an answer: each piece once, and what cannot be begun is left to the next reader."""

import pytest

from scaling.behind import Behind

from ..servers import PATIENCE_SECONDS


@pytest.fixture
def behind():
    yield (mine := Behind())
    mine._threads.shutdown()


def test_what_found_no_thread_may_be_asked_for_again(behind, monkeypatch):
    def refuse(*work):
        raise RuntimeError("can't start new thread")

    done = []
    with monkeypatch.context() as full:
        full.setattr(behind._threads, "submit", refuse)
        behind.soon("a loaf", lambda: done.append(1))
    assert behind.wait(0)
    behind.soon("a loaf", lambda: done.append(2))
    assert behind.wait(PATIENCE_SECONDS)
    assert done == [2]
