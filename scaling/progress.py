"""A bar on the terminal for work that takes a while; silent where nobody looks."""

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

WIDTH = 32
Item = TypeVar("Item")


class Bar:
    """`with Bar("Pages", 100) as bar: bar.step(10)`. Writes to stderr, and only when that is a terminal."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self.label, self.total, self.done = label, total, 0
        self.stream = stream or sys.stderr
        self.is_shown = self.stream.isatty()

    def __enter__(self) -> "Bar":
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_shown:
            self.stream.write("\n")

    def step(self, count: int = 1) -> None:
        self.done += count
        self._draw()

    def _draw(self) -> None:
        if self.is_shown:
            share = min(1, self.done / self.total) if self.total else 1
            filled = round(WIDTH * share)
            bar = "█" * filled + "░" * (WIDTH - filled)
            self.stream.write(f"\r{self.label:<12} {bar} {share:4.0%}")
            self.stream.flush()


def along(label: str, items: Iterable[Item]) -> Iterator[Item]:
    """The items, one by one, with a bar beside them."""
    items = list(items)
    with Bar(label, len(items)) as bar:
        for item in items:
            yield item
            bar.step()
