"""Every server of a cluster is killed under load and stays away for a while: docs/cluster-faults.md."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bench.cluster import Cluster, opened_cluster
from bench.customers import customers
from bench.figure import Figure, at_most, exactly
from bench.opened import ROOT, wait_until
from bench.proofs.promotion import PLENTY
from bench.regulars import CATALOGUE, DEEDS, DONE, NO_ANSWER, Book, Regular, Regulars, Told
from bench.visitor import Visitor
from scaling.clock import now_us

SETTINGS = {"CAKE_RENDERER": "bench.standin.passes", "STANDIN_SECONDS": "0.1"}
PROXY = "proxy"
SERVERS = (
    PROXY,
    "web1",
    "cache",
    "keep",
    "broker",
    "mariadb1",
    "mariadb2",
    "mariadb3",
    "interactive",
    "bulk",
    "render",
    "relay",
    "beat",
)
CALLED = {"mariadb1": "primary", "mariadb2": "replica", "mariadb3": "other replica"}
AWAY_SECONDS = 10.0
AROUND_SECONDS = 3.0
SLOWEST_SECONDS = 2.0
SERVES_WITHIN_SECONDS = 5.0
LONG_SECONDS = 600.0
PLENTY_QUANTITY = 100_000  # as PLENTY has it
TABLE = ROOT / "docs" / "cluster-faults.md"
HEAD = """# What visitors get while a server is away

Measured by `make prove cluster-faults`, and written down by it. Each server is killed with all of its processes
(`kill -9`) and held down for {seconds:g} s, under seven visitors, each of whom does one thing again and
again: looking at published pages, at live ones, searching, filling a basket, ordering, looking at an account, having
cakes painted (by a stand-in for the renderer, which is quick). A 503 is plain: it says when to come again, and keeps
what was typed. The proxy alone is started again at once: no visitor gets past it. “Well again” is when each of these
deeds has gone well once more, and all that was begun before is done; nothing else is restarted for that.

| away | answers | done | 503 | of these of the catalogue | none | slowest, s | well again after, s |
|---|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Fault:
    """What was told from then until a little after all was well again, `back` seconds after the server was started at
    `began`, of `time.monotonic`."""

    server: str
    told: Sequence[Told]
    began: float
    back: float
    also: Sequence[str]  # others that were started anew, which nobody should have to

    @property
    def silent(self) -> float:
        """For how many seconds from then on somebody still had no answer."""
        return round(max((each.at - self.began for each in self.told if each.status == NO_ANSWER), default=0.0), 1)

    @property
    def slowest(self) -> float:
        return round(max(each.seconds for each in self.told), 2)

    def failed(self) -> dict[tuple[str, int], int]:
        """What is not as promised. While the proxy is away nobody answers at all: that is counted apart."""
        answers = [each for each in self.told if self.server != PROXY or each.status != NO_ANSWER]
        return dict(Counter((each.doing, each.status) for each in answers if not _is_as_promised(each)))

    def row(self) -> str:
        statuses = Counter("done" if each.status < 400 and each.status else str(each.status) for each in self.told)
        catalogue = sum(each.status == 503 and each.doing in CATALOGUE for each in self.told)
        cells = [
            CALLED.get(self.server, self.server),
            f"{len(self.told):,}",
            f"{statuses['done']:,}",
            statuses["503"],
        ]
        cells += [catalogue, statuses[str(NO_ANSWER)], f"{self.slowest:.2f}", f"{self.back:.1f}"]
        return f"| {' | '.join(map(str, cells))} |\n"


def _is_as_promised(told: Told) -> bool:
    """The catalogue answers; whatever else cannot be done says so."""
    return told.status in DONE if told.doing in CATALOGUE else told.is_plain


def prove() -> list[Figure]:
    with opened_cluster(SETTINGS) as cluster:
        figures, faults = proved(cluster, SERVERS, AWAY_SECONDS)
    TABLE.write_text(HEAD.format(seconds=AWAY_SECONDS) + "".join(fault.row() for fault in faults))
    return figures


def proved(cluster: Cluster, servers: Sequence[str], seconds: float) -> tuple[list[Figure], list[Fault]]:
    """One server after the other, under one crowd for all of them."""
    cluster.stock_up(PLENTY)
    people = customers(cluster, len(DEEDS) + 1)
    before = cluster.count("SELECT max(id) FROM shop.shop_order")
    with Regulars(cluster.url, people[1:]) as book:
        looks = Looks(cluster, people[0])
        looks.until_well()
        faults = [_fault(cluster, server, seconds, book, looks) for server in servers]
    looks.until_well()
    of_each = [figure for fault in faults for figure in _figures(fault, seconds)]
    also = [name for fault in faults for name in fault.also]
    anew = exactly("Whatever was killed: others that were started anew", also, [])
    return [*of_each, anew, *_kept(cluster, book, before)], faults


def _fault(cluster: Cluster, server: str, seconds: float, book: Book, looks: "Looks") -> Fault:
    time.sleep(min(seconds, AROUND_SECONDS))  # of the crowd before; how long a server is away is what is tried
    first, before = len(book.told), cluster.pids()
    process = cluster.process_of(server)
    if server == PROXY:
        cluster.kill(process)
    else:
        with cluster.away(process):
            time.sleep(seconds)  # for so long it is away
    began = time.monotonic()
    looks.until_well()
    back = time.monotonic() - began
    time.sleep(min(seconds, AROUND_SECONDS))  # of the crowd afterwards
    after = cluster.pids()
    also = [name for name, pid in before.items() if after.get(name) != pid and name != process]
    return Fault(server, book.told[first:], began, round(back, 1), also)


class Looks:
    """Somebody who looks whether all is well, and waits until it is."""

    def __init__(self, cluster: Cluster, person: Visitor) -> None:
        self.cluster, self.person = cluster, person

    def until_well(self) -> None:
        for name in DEEDS:
            wait_until(partial(self._goes_well, name), LONG_SECONDS, f"an answer to whoever looks for: {name}")
        last = self.cluster.count("SELECT max(id) FROM shop.jobs_outbox")
        job = self.cluster.count("SELECT max(id) FROM shop.jobs_job")
        wait_until(lambda: not self._waiting(last), LONG_SECONDS, "all that was in the outbox")
        wait_until(lambda: not self._unfinished(job), LONG_SECONDS, "all cakes")

    def _goes_well(self, name: str) -> bool:
        """Once, with a book of its own."""
        book = Book()
        regular = Regular(self.person.base, book, self.person.cookies)
        regular.doing = name
        try:
            DEEDS[name](regular)
        except OSError:
            return False
        return all(each.status in DONE for each in book.told) and not book.wrong

    def _waiting(self, last: int) -> int:
        soon = now_us() + 3_600_000_000
        return self.cluster.count("SELECT count(*) FROM shop.jobs_outbox WHERE id <= %s AND due_at < %s", last, soon)

    def _unfinished(self, last: int) -> int:
        rows = "SELECT count(*) FROM shop.jobs_job WHERE id <= %s AND state IN ('queued', 'running')"
        return self.cluster.count(rows, last)


def _figures(fault: Fault, seconds: float) -> list[Figure]:
    name = CALLED.get(fault.server, fault.server)
    if fault.server == PROXY:
        what = f"The {name} killed, of {len(fault.told):,} answers: not as promised, once it is there"
        serves = at_most("… it serves again after", fault.silent, SERVES_WITHIN_SECONDS, " s")
        return [exactly(what, fault.failed(), {}), serves]
    what = f"The {name} killed, and away for {seconds:g} s, of {len(fault.told):,} answers: not as promised"
    return [exactly(what, fault.failed(), {}), at_most("… the slowest", fault.slowest, SLOWEST_SECONDS, " s")]


def _kept(cluster: Cluster, book: Book, before: int) -> list[Figure]:
    orders, cakes = set(book.orders), set(book.cakes)
    stored = cluster.count(f"SELECT count(*) FROM shop.shop_order WHERE `key` IN ({_listed(orders)})")
    done = cluster.count(f"SELECT count(*) FROM shop.jobs_job WHERE state = 'done' AND `key` IN ({_listed(cakes)})")
    sold = cluster.count("SELECT sum(quantity) FROM shop.shop_orderline WHERE order_id > %s", before)
    gone = cluster.count(f"SELECT sum({PLENTY_QUANTITY} - quantity) FROM shop.products_stock")
    differences = cluster.manage("shell", "-v", "0", "-c", "from bench.truth import tell; tell()").splitlines()[:-1]
    return [
        exactly("… what visitors found wrong", sorted(set(book.wrong)), []),
        exactly(f"… of {len(book.orders):,} orders confirmed, different ones stored", stored, len(book.orders)),
        exactly("… pieces sold, beside those gone from the stock", sold, gone),
        exactly(f"… of {len(cakes)} cakes accepted: painted", done, len(cakes)),
        exactly("… objects, documents and listings that are not as the tables say", differences, []),
    ]


def _listed(keys: set[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys) or "''"
