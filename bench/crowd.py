"""A crowd that browses without a pause while something is done to the servers."""

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .opened import statements, trips_to_cache
from .visitor import Page, Visitor

Deed = Callable[[Visitor], Page]


@dataclass(frozen=True)
class Answer:
    """`at` is when it came, of `time.monotonic`; status 0 is none at all. `trips` are those to the cache."""

    at: float
    seconds: float
    status: int
    sql: Counter
    trips: int


class Crowd:
    """So many visitors at `url`, each of whom does one deed after the other, `pause` seconds apart; `answers` has
    what came back."""

    def __init__(self, url: str, deeds: Sequence[Deed], size: int = 8, pause: float = 0) -> None:
        self.url, self.deeds, self.pause = url, deeds, pause
        self.answers: list[Answer] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(size)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, number: int) -> None:
        visitor = Visitor(self.url)
        for deed in itertools.islice(itertools.cycle(self.deeds), number, None):
            if self._over.wait(self.pause):
                return
            began = time.monotonic()
            try:
                page = deed(visitor)
                status, sql, trips = page.status, Counter(statements(page)), trips_to_cache(page)
            except (OSError, http.client.HTTPException):
                visitor, status, sql, trips = Visitor(self.url), 0, Counter(), 0
            now = time.monotonic()
            self.answers.append(Answer(now, now - began, status, sql, trips))

    def since(self, moment: float) -> list[Answer]:
        return [answer for answer in self.answers if answer.at >= moment]

    @property
    def failed(self) -> int:
        return sum(answer.status != 200 for answer in self.answers)

    @property
    def slowest(self) -> float:
        return max(answer.seconds for answer in self.answers)


def look_at(path: str) -> Deed:
    return lambda visitor: visitor.get(path)
