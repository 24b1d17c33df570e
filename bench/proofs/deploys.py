"""Ten deploys and two rollbacks while people shop: nobody notices, nothing is lost, and no old code is left."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.changing import CHANGES, Change, commit
from bench.cluster import Cluster, opened_cluster
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import wait_until
from bench.shoppers import (
    Deed,
    Notes,
    Seen,
    Shopper,
    Shoppers,
    browse,
    fill_basket,
    have_painted,
    order,
    stay_signed_in,
)

SETTINGS = {"CAKE_RENDERER": "bench.standin.passes", "STANDIN_SECONDS": "0.5"}
Load = dict[Deed, int]  # how many do each
LOAD: Load = {browse: 3, fill_basket: 2, order: 2, have_painted: 3, stay_signed_in: 1}
BACK_AFTER = (5, 10)  # deploys
MANY = 30_000
ROOM = f"""
from products.models import Stock
from shop.models import Slot
Stock.objects.update(quantity={MANY})
Slot.objects.update(capacity={MANY}, cake_capacity={MANY})
"""
PATIENCE_SECONDS = 300


@dataclass
class Moves:
    """When each release was the only one, of `time.monotonic`: from then until the next move began."""

    alone: list[tuple[str, float, float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)  # what checks of the database say afterwards

    def made(self, cluster: Cluster, *words: str) -> None:
        began = time.monotonic()
        if self.alone:
            release, since, _ = self.alone[-1]
            self.alone[-1] = (release, since, began)
        cluster.run(*words)
        ended = time.monotonic()
        self.seconds.append(ended - began)
        self.alone.append((cluster.where.current.readlink().name, ended, float("inf")))
        try:
            cluster.manage("check", "--database", "default", "--tag", "database", "--fail-level", "WARNING")
        except RuntimeError as why:
            self.unsettled.append(str(why))

    def old(self, answers: Sequence[Seen]) -> list[Seen]:
        """Answers of another release than the only one."""
        return [
            seen
            for release, since, until in self.alone
            for seen in answers
            if since <= seen.began < until and seen.release != release and not (seen.is_asset or seen.has_failed)
        ]


def prove(changes: Sequence[Change] = CHANGES, back_after: Sequence[int] = BACK_AFTER) -> list[Figure]:
    with opened_cluster(SETTINGS) as cluster:
        return prove_on(cluster, changes, back_after)


def prove_on(
    cluster: Cluster, changes: Sequence[Change], back_after: Sequence[int], load: Load = LOAD
) -> list[Figure]:
    cluster.stock_up(ROOM)
    before, moves = orders(cluster), Moves()
    with Shoppers(cluster.url, load) as notes:
        wait_until(lambda: len(notes.answers) > 100, PATIENCE_SECONDS, "the first shoppers")
        for number, change in enumerate(changes, 1):
            commit(cluster.checkout, change)
            moves.made(cluster, "deploy", f"d{number}")
            if number in back_after:
                moves.made(cluster, "rollback")
            at_ease(notes)
    missing = [asset for asset in assets(notes) if not is_there(cluster, asset)]
    return [
        *_figures(notes, moves, len(changes)),
        exactly("… assets of pages that were seen before, missing in the end", missing, []),
        *kept(cluster, notes, before),
    ]


def orders(cluster: Cluster) -> int:
    return cluster.count("SELECT count(*) FROM shop.shop_order")


def at_ease(notes: Notes) -> None:
    """Until everybody has looked round."""
    enough = len(notes.answers) + 100
    wait_until(lambda: len(notes.answers) > enough, PATIENCE_SECONDS, "shoppers")


def _figures(notes: Notes, moves: Moves, deploys: int) -> list[Figure]:
    answers = notes.answers
    slowest = max(seen.seconds for seen in answers)
    what = f"{deploys} deploys, {len(moves.seconds) - deploys} rollbacks, {len(answers):,} requests: failed"
    return [
        exactly(what, failed(answers), {}),
        *found(notes),
        exactly("… assets asked for and missing", sum(seen.is_asset and seen.has_failed for seen in answers), 0),
        exactly("… answers of another release once a move was over", len(moves.old(answers)), 0),
        exactly("… moves after which the database has other triggers than the release", moves.unsettled, []),
        at_most("… the slowest answer", round(slowest, 2), 2, " s"),
        at_most("… a move takes, at most", round(max(moves.seconds)), 120, " s"),
    ]


def found(notes: Notes) -> list[Figure]:
    """What shoppers say."""
    return [
        exactly("… what shoppers found wrong", dict(Counter(notes.wrong)), {}),
        at_least("… times that somebody signed in was known, with their basket", notes.known, 1),
    ]


def failed(answers: Sequence[Seen]) -> dict[tuple[str, str, int], int]:
    return dict(Counter((seen.method, seen.path, seen.status) for seen in answers if seen.has_failed))


def kept(cluster: Cluster, notes: Notes, before: int) -> list[Figure]:
    """Whether all that was promised is there; `before` are the orders that were there already."""
    wait_until(lambda: not _unfinished(cluster), PATIENCE_SECONDS, "the last cake")
    stored = orders(cluster) - before
    named = cluster.count(_among("shop.shop_order", notes.orders))
    done = cluster.count(f"{_among('shop.jobs_job', notes.cakes)} AND state = 'done'")
    taken = cluster.count(f"SELECT sum({MANY} - quantity) FROM shop.products_stock")
    return [
        at_least("… orders confirmed, and cakes accepted, at least", min(len(notes.orders), len(notes.cakes)), 1),
        exactly(f"… of {len(notes.orders)} confirmed orders stored", named, len(notes.orders)),
        exactly("… orders stored and not confirmed, or twice", stored - len(set(notes.orders)), 0),
        exactly("… pieces taken from stock", taken, stored),
        exactly(f"… of {len(notes.cakes)} accepted cakes done", done, len(notes.cakes)),
        exactly("… rows of the outbox that nobody does", _left(cluster), 0),
    ]


def _among(table: str, keys: Sequence[str]) -> str:
    listed = ", ".join(f"'{key}'" for key in keys) or "''"
    return f"SELECT count(*) FROM {table} WHERE `key` IN ({listed})"


def _unfinished(cluster: Cluster) -> int:
    return cluster.count("SELECT count(*) FROM shop.jobs_job WHERE state IN ('queued', 'running')")


def _left(cluster: Cluster) -> int:
    """Of tasks that have been due for a minute, but for pages of releases that are not served."""
    served = cluster.where.current.readlink().name
    query = (
        "SELECT count(*) FROM shop.jobs_outbox WHERE due_at < (UNIX_TIMESTAMP() - 60) * 1000000"
        " AND (task NOT LIKE 'jobs.pages.%%@%%' OR task LIKE %s)"
    )
    return cluster.count(query, f"%@{served}")


def assets(notes: Notes) -> set[str]:
    return {seen.path for seen in notes.answers if seen.path.startswith("/static/")}


def is_there(cluster: Cluster, asset: str) -> bool:
    return Shopper(cluster.url, "127.0.2.1", Notes()).get(asset).status == 200
