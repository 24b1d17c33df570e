"""What a catalogue a hundred times as large costs: a page, by every pattern, and one change.

Both shops are open at once and take turns, round by round.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median
from typing import Any

from .catalogue import Catalogue, say
from .patterns import paths_of
from .visitor import Visitor

ROUNDS, PAGES_A_ROUND = 30, 30
CHANGE_ROUNDS, CHANGES_A_ROUND = 12, 20


@dataclass(frozen=True)
class Latency:
    """Of one pattern's page: median ms in the small and the large shop, and the median of the rounds' ratios."""

    name: str
    small: float
    large: float
    ratio: float


@dataclass(frozen=True)
class Change:
    """Of one changed price and the refresh after it, in each shop: SQL statements, round trips and commands of the
    cache for each of the same products; median ms; and of the ms the median of the rounds' ratios."""

    statements: tuple[list[int], list[int]]
    trips: tuple[list[int], list[int]]
    commands: tuple[list[int], list[int]]
    ms: tuple[float, float]
    ratio: float


def latencies(small: Catalogue, large: Catalogue, rounds: int = ROUNDS) -> list[Latency]:
    say(f"One visitor in {small.size:,} and {large.size:,} products, {rounds} rounds")
    ones, others = [{name: _reader(shop, paths) for name, paths in paths_of(shop).items()} for shop in (small, large)]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ones}
    for turn in range(rounds):
        for name, pairs in taken.items():
            pairs.append(_in_turns(turn, partial(next, ones[name]), partial(next, others[name])))
    return [Latency(name, *_medians(pairs)) for name, pairs in taken.items()]


def changes(small: Catalogue, large: Catalogue, rounds: int = CHANGE_ROUNDS, each: int = CHANGES_A_ROUND) -> Change:
    """The same products in both: of one number they are the same in every shop."""
    say(f"One change in {small.size:,} and {large.size:,} products, {rounds} rounds")
    ids = small.ids[:each]
    large.build(ids)
    asked = [partial(shop.inside.ask, "change", ids) for shop in (small, large)]
    told = [_in_turns(turn, *asked) for turn in range(rounds + 1)]
    counted = [tuple(one[what] for one in told[-1]) for what in ("statements", "trips", "commands")]
    first, second, ratio = _medians([(one["ms"], other["ms"]) for one, other in told[1:]])
    return Change(*counted, (first, second), ratio)


def _in_turns(turn: int, small: Callable[[], Any], large: Callable[[], Any]) -> tuple[Any, Any]:
    """What both answer; who is asked first changes from turn to turn."""
    if turn % 2:
        return small(), large()
    answer = large()
    return small(), answer


def _reader(catalogue: Catalogue, paths: list[str]) -> Iterator[float]:
    """Median ms of the next so many pages, again and again."""
    visitor, circle = Visitor(catalogue.shop.url), cycle(paths)
    while True:
        yield median(_ms(visitor, path) for path in islice(circle, PAGES_A_ROUND))


def _ms(visitor: Visitor, path: str) -> float:
    began = time.perf_counter()
    page = visitor.get(path)
    if page.status != 200:
        raise RuntimeError(f"{page.url} answered {page.status}")
    return (time.perf_counter() - began) * 1000


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    small, large = zip(*pairs, strict=True)
    return median(small), median(large), median(other / one for one, other in pairs)


def latency_table(small: Catalogue, large: Catalogue, found: list[Latency]) -> str:
    lines = [f"| from | ms of {small.size:,} products | of {large.size:,} | ratio |\n|---|---:|---:|---:|\n"]
    lines += [f"| {one.name} | {one.small:.2f} | {one.large:.2f} | {one.ratio:.2f} |\n" for one in found]
    return "".join(lines)


def change_table(small: Catalogue, large: Catalogue, change: Change) -> str:
    lines = [f"| one change | with {small.size:,} products | with {large.size:,} |\n|---|---:|---:|\n"]
    counted = [
        ("SQL statements", change.statements),
        ("round trips to the cache", change.trips),
        ("commands of the cache", change.commands),
    ]
    lines += [f"| {what} | {median(one):g} | {median(other):g} |\n" for what, (one, other) in counted]
    lines.append(f"| ms (ratio {change.ratio:.2f}) | {change.ms[0]:.1f} | {change.ms[1]:.1f} |\n")
    return "".join(lines)
