"""`make prove`: every promise at full size. Each proof is a module of `bench.proofs`; the table is docs/proofs.md.

`make prove stock` runs that one and replaces its rows. The status is 1 when a figure misses its bound.
"""

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from .figure import Figure
from .proofs import (
    assembly,
    cache_away,
    documents,
    faults,
    growth,
    hot_pages,
    interleavings,
    jobs,
    joins,
    kills,
    moving,
    own_writes,
    pages,
    pages_kills,
    pages_speed,
    pages_torn,
    pages_whole,
    patterns,
    promotion,
    property,
    queues,
    reads,
    rebuild,
    renamed,
    render,
    same_cakes,
    speed,
    stampede,
    stock,
    thirty_seconds,
    two_releases,
    visitor,
)


@dataclass(frozen=True)
class OnACluster:
    """A proof that wants what production wants; its module is imported when it is begun."""

    module: str

    def prove(self) -> list[Figure]:
        if not find_spec("supervisor"):
            raise SystemExit(
                "This proof wants what a cluster wants: make cluster says what that is, and installs it."
            )
        return import_module(f"bench.proofs.{self.module}").prove()


PROOFS: dict[str, Callable[[], list[Figure]]] = {
    "visitor": visitor.prove,
    "hot-pages": hot_pages.prove,
    "stock": stock.prove,
    "speed": speed.prove,
    "patterns": patterns.prove,
    "catalogue-growth": growth.prove,
    "assembly": assembly.prove,
    "joins": joins.prove,
    "renamed": renamed.prove,
    "own-writes": own_writes.prove,
    "thirty-seconds": thirty_seconds.prove,
    "faults": faults.prove,
    "promotion": promotion.prove,
    "reads": reads.prove,
    "rebuild": rebuild.prove,
    "moving": moving.prove,
    "kills": kills.prove,
    "pages": pages.prove,
    "pages-torn": pages_torn.prove,
    "pages-kills": pages_kills.prove,
    "pages-speed": pages_speed.prove,
    "pages-whole": pages_whole.prove,
    "cache-away": cache_away.prove,
    "documents": documents.prove,
    "property": property.prove,
    "stampede": stampede.prove,
    "two-releases": two_releases.prove,
    "interleavings": interleavings.prove,
    "jobs": jobs.prove,
    "queues": queues.prove,
    "same-cakes": same_cakes.prove,
    "render": render.prove,
    "deploys": OnACluster("deploys").prove,
    "bad-release": OnACluster("bad_release").prove,
    "clones": OnACluster("clones").prove,
    "joining": OnACluster("joining").prove,
    "cluster-faults": OnACluster("cluster_faults").prove,
}
ON_MARIADB = {
    *("own-writes", "thirty-seconds", "faults", "promotion", "reads", "property", "interleavings", "renamed", "joins")
}
WITH_MONGODB = {"rebuild", "moving"}  # besides a MariaDB
ON_A_CLUSTER = {"deploys", "bad-release", "clones", "joining", "cluster-faults"}
BEHIND_NGINX = {"pages", "pages-torn", "pages-kills", "pages-speed"}
OF_THEIR_OWN = {"documents": "SQLite, MariaDB with an account that reads, SecantusDB for MongoDB"}
TABLE = Path(__file__).resolve().parent.parent / "docs" / "proofs.md"
HEAD = """# Proofs

Every promise at full size, measured by `make prove` and written down by it. Figures in seconds and requests a second
are those of the machine named in the last column; counts and ratios hold everywhere.

| proof | what it proves | figure | bound | verdict | command | conditions |
|---|---|---|---|---|---|---|
"""


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in PROOFS]:
        print(f"There is no proof called {', '.join(unknown)}. There are: {', '.join(PROOFS)}.")
        return 2
    kept = rows(TABLE.read_text()) if TABLE.exists() else {}
    missed = 0
    for name in names or PROOFS:
        figures = PROOFS[name]()
        for figure in figures:
            print(
                f"{name:16} {'holds ' if figure.holds else 'MISSED'}  {figure.what}: {figure.figure} ({figure.bound})"
            )
        missed += sum(not figure.holds for figure in figures)
        kept[name] = [row(name, figure) for figure in figures]
        TABLE.write_text(HEAD + "".join(line for known in PROOFS for line in kept.get(known, ())))
    return 1 if missed else 0


def rows(text: str) -> dict[str, list[str]]:
    """The lines of a table written before, by the name of their proof."""
    found: dict[str, list[str]] = {}
    for line in text.removeprefix(HEAD).splitlines(keepends=True):
        if line.startswith("| "):
            found.setdefault(line.split(" | ")[0].removeprefix("| "), []).append(line)
    return found


def row(name: str, figure: Figure) -> str:
    verdict = "holds" if figure.holds else "**missed**"
    cells = (name, figure.what, figure.figure, figure.bound, verdict, f"`make prove {name}`", conditions(name))
    return f"| {' | '.join(cells)} |\n"


def conditions(name: str) -> str:
    return f"{date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, {servers(name)}, one machine"


def servers(name: str) -> str:
    if name in OF_THEIR_OWN:
        return OF_THEIR_OWN[name]
    if name in ON_A_CLUSTER:
        return "MariaDB with two replicas, RabbitMQ, nginx, three clones"
    if name in WITH_MONGODB:
        return "MariaDB with two replicas, SecantusDB"
    database = "MariaDB with two replicas" if name in ON_MARIADB else "SQLite"
    return f"{database}, nginx" if name in BEHIND_NGINX else database


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
