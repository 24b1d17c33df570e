"""Every request meets another clone, and a clone is killed in between: nothing is lost, and nobody is signed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from bench.cluster import Cluster, opened_cluster
from bench.figure import Figure, at_least, at_most, exactly
from bench.opened import PATIENCE_SECONDS, wait_until
from bench.proofs.promotion import PLENTY
from bench.walk import PASSWORD, STEPS, Walk
from bench.wandering import Proxied, Wandering

TIMES = 2
SLOWEST_SECONDS = 2.0
ACCOUNTS = """
from accounts.models import User
from django.contrib.auth.hashers import make_password
password = make_password({password!r})
for email in {emails}:
    User.objects.create(email=email, name=email.partition("@")[0], password=password)
"""


@dataclass(frozen=True)
class Trip:
    """Of one visitor; a clone is killed before this step."""

    kind: type[Wandering | Proxied]
    is_new: bool
    killed_before: str


EVERY = [Trip(*each) for each in product((Wandering, Proxied), (True, False), STEPS)]


def prove() -> list[Figure]:
    with opened_cluster() as cluster:
        return prove_on(cluster, TIMES * EVERY)


def prove_on(cluster: Cluster, trips: Sequence[Trip]) -> list[Figure]:
    """One trip after the other: each kill finds all clones there."""
    cluster.stock_up(PLENTY)
    bread = cluster.count("SELECT min(product_id) FROM shop.products_stock")
    before = left(cluster, bread)
    walks = _walks(cluster, trips, bread)
    asking, proxied = ([walk for walk in walks if isinstance(walk.visitor, kind)] for kind in (Wandering, Proxied))
    slowest = round(max(walk.slowest for walk in proxied), 1)
    ordered = sum(pieces_of(cluster, bread, walk.email) for walk in walks)
    gone = before - left(cluster, bread)
    return [
        *_figures(cluster, "Each request to another clone", asking),
        exactly("… requests to the clone that was asked before", _same(asking), 0),
        *_figures(cluster, "Through the proxy", proxied),
        at_least("… clones that each visitor met", min(len(set(walk.met)) for walk in proxied), 2),
        at_least("… answers of another clone than the one before", _others_percent(proxied), 50, " %"),
        at_most("… the slowest answer", slowest, SLOWEST_SECONDS, " s"),
        exactly("Pieces in all these orders, beside those gone from the stock", ordered, gone),
    ]


def _walks(cluster: Cluster, trips: Sequence[Trip], bread: int) -> list[Walk]:
    first = cluster.count("SELECT max(id) FROM shop.accounts_user")
    who = {first + number: trip for number, trip in enumerate(trips)}
    known = [_email(number) for number, trip in who.items() if not trip.is_new]
    cluster.manage("shell", "-v", "0", "-c", ACCOUNTS.format(password=PASSWORD, emails=known))
    return [_walk(cluster, trip, number, bread) for number, trip in who.items()]


def _walk(cluster: Cluster, trip: Trip, number: int, bread: int) -> Walk:
    home = f"127.0.{3 + number // 200 % 200}.{1 + number % 200}"  # a limit is counted for each address
    asks_clones = trip.kind is Wandering
    visitor = Wandering(cluster.url, cluster.clones(), home) if asks_clones else Proxied(cluster.url, home=home)
    walk = Walk(visitor, _email(number), bread, trip.is_new)
    killed: list[str] = []

    def kill(step: str) -> None:
        """The one who answered last: it has heard of everything."""
        if step == trip.killed_before:
            killed.append(visitor.last or min(cluster.clones()))
            cluster.kill(cluster.process_of(killed[0]))
            if asks_clones:
                visitor.absent.add(killed[0])

    walk.go(meanwhile=kill)
    for clone in killed:  # nobody, where something was wrong before
        wait_until(lambda clone=clone: cluster.is_ready(clone), PATIENCE_SECONDS, f"{clone} after it was killed")
    return walk


def _email(number: int) -> str:
    return f"walker-{number}@example.com"


def _figures(cluster: Cluster, what: str, walks: Sequence[Walk]) -> list[Figure]:
    orders = "SELECT count(*) FROM shop.shop_order WHERE email = %s"
    placed = [cluster.count(orders, walk.email) for walk in walks]
    steps = f"{len(walks)} visitors sign in, fill a basket and order, a clone killed in each walk"
    return [
        exactly(f"{what}: {steps}: what was wrong", [line for walk in walks for line in walk.wrong], []),
        exactly("… orders of each", sorted(set(placed)), [1]),
    ]


def _same(walks: Sequence[Walk]) -> int:
    return sum(before == after for walk in walks for before, after in pairwise(walk.met))


def _others_percent(walks: Sequence[Walk]) -> int:
    return round(100 - 100 * _same(walks) / sum(len(walk.met) - 1 for walk in walks))


def pieces_of(cluster: Cluster, bread: int, email: str) -> int:
    orders = "SELECT id FROM shop.shop_order WHERE email = %s"
    lines = f"SELECT sum(quantity) FROM shop.shop_orderline WHERE product_id = %s AND order_id IN ({orders})"
    return cluster.count(lines, bread, email)


def left(cluster: Cluster, bread: int) -> int:
    return cluster.count("SELECT quantity FROM shop.products_stock WHERE product_id = %s", bread)
