"""A fourth clone joins under load, takes its share, and leaves again: docs/clones-table.md."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.cluster import Cluster, opened_cluster
from bench.figure import Figure, at_most, exactly
from bench.opened import PATIENCE_SECONDS, ROOT, wait_until
from bench.proofs.promotion import PLENTY
from bench.shoppers import Notes, Seen, Shoppers, browse, fill_basket, order
from shop.memory import PROC, family

NEW = "web4"
PAGES, TIMES = 6_000, 10
LOAD = {browse: 4, fill_basket: 2, order: 2}
LONG_SECONDS = 1_800.0
UNEVEN_PERCENT = 10.0
SLOWEST_SECONDS = 2.0
SECONDS_A_TICK = 1 / os.sysconf("SC_CLK_TCK")
TABLE = ROOT / "docs" / "clones-table.md"
HEAD = """# What a clone answers, and what it takes

Measured by `make prove joining`, and written down by it: eight visitors who browse, fill baskets and order, each over
one connection to the proxy. Counted are the answers of clones, by their `X-Clone`; files and published pages are the
proxy's own. CPU is that of all processes of a clone.

| clones | clone | answers | share | CPU, s | CPU for 1,000 answers, s |
|---:|---|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Shares:
    """What each clone has answered, and the CPU it took for that, in seconds."""

    answers: Counter[str]
    cpu: dict[str, float]

    @property
    def most_uneven(self) -> float:
        """How far the share of one is from an even one, in per cent of that."""
        even = self.answers.total() / len(self.answers)
        return max(100 * abs(count - even) / even for count in self.answers.values())


def prove() -> list[Figure]:
    with opened_cluster() as cluster:
        figures, shares = measured(cluster, PAGES, TIMES)
    TABLE.write_text(HEAD + "".join(map(_rows, shares)))
    return figures


def measured(cluster: Cluster, pages: int, times: int) -> tuple[list[Figure], list[Shares]]:
    """With three clones and with four, each until they have answered so many pages; and so many joins in all."""
    cluster.stock_up(PLENTY)
    with Shoppers(cluster.url, LOAD) as notes:
        three = _shares(cluster, notes, pages)
        came = [_moved(cluster, notes, "join")]
        wait_until(lambda: _methods(notes, NEW) >= {"GET", "POST"}, PATIENCE_SECONDS, f"answers of {NEW}")
        four = _shares(cluster, notes, pages)
        went = [_moved(cluster, notes, "leave")]
        again = _shares(cluster, notes, pages // 10)
        for _ in range(times - 1):
            came.append(_moved(cluster, notes, "join"))
            went.append(_moved(cluster, notes, "leave"))
    uneven = round(four.most_uneven, 1)
    return [
        *_failures(notes, f"A fourth clone joins and leaves {times} times"),
        exactly("… clones that answer once it has joined", sorted(four.answers), [*sorted(three.answers), NEW]),
        exactly("… and once it has left", sorted(again.answers), sorted(three.answers)),
        at_most(f"… of {pages:,} answers, the share furthest from an even one", uneven, UNEVEN_PERCENT, " %"),
        at_most("… the slowest answer while it joined", max(came), SLOWEST_SECONDS, " s"),
        at_most("… and while it left", max(went), SLOWEST_SECONDS, " s"),
    ], [three, four]


def _failures(notes: Notes, what: str) -> list[Figure]:
    """A clone's own 503 is counted apart: on a machine too slow for its servers it takes them for down."""
    bad = Counter((seen.method, seen.path, seen.status, seen.clone) for seen in notes.answers if seen.has_failed)
    later = {each: count for each, count in bad.items() if each[2] == 503 and each[3].startswith("web")}
    failed = {each: count for each, count in bad.items() if each not in later}
    return [
        exactly(f"{what}, under {len(notes.answers):,} requests: failed", failed, {}),
        exactly("… clones that asked to come again shortly", later, {}, is_timed=True),
        exactly("… what shoppers found wrong", notes.wrong, []),
    ]


def _moved(cluster: Cluster, notes: Notes, verb: str) -> float:
    """Seconds of the slowest answer meanwhile, and to whoever was waiting at its end."""
    first = len(notes.answers)
    cluster.run(verb, NEW)
    enough = len(notes.answers) + 100
    wait_until(lambda: len(notes.answers) > enough, PATIENCE_SECONDS, "more answers")
    return round(max(seen.seconds for seen in notes.answers[first:]), 2)


def _shares(cluster: Cluster, notes: Notes, pages: int) -> Shares:
    first, before = len(notes.answers), _cpu(cluster)
    wait_until(lambda: _by_clone(notes.answers[first:]).total() >= pages, LONG_SECONDS, f"{pages} answers")
    after = _cpu(cluster)
    return Shares(_by_clone(notes.answers[first:]), {name: after[name] - before[name] for name in after})


def _by_clone(answers: Sequence[Seen]) -> Counter[str]:
    """How many each clone gave; the proxy's own are not counted."""
    return Counter(seen.clone for seen in answers if seen.clone.startswith("web"))


def _methods(notes: Notes, clone: str) -> set[str]:
    """By which it was asked: the proxy counts the failures of an empty place for each."""
    return {seen.method for seen in notes.answers if seen.clone == clone}


def _cpu(cluster: Cluster) -> dict[str, float]:
    """What the processes of each clone have taken since their start, in seconds."""
    return {name.partition(":")[0]: sum(map(_seconds, family(pid))) for name, pid in cluster.pids("web").items()}


def _seconds(pid: int) -> float:
    user, system = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * SECONDS_A_TICK


def _rows(shares: Shares) -> str:
    total, lines = shares.answers.total(), []
    for clone, count in sorted(shares.answers.items()):
        cpu = shares.cpu[clone]
        share = f"{100 * count / total:.1f} %"
        lines.append(
            f"| {len(shares.answers)} | {clone} | {count:,} | {share} | {cpu:.1f} | {1000 * cpu / count:.2f} |\n"
        )
    return "".join(lines)
