"""The figures for machines of what all processes answer, of how they see the replicas, and of which there are."""

from collections import Counter, defaultdict

from . import census, traffic
from .clock import SECOND
from .fleet import fleet
from .metrics import Metric, Samples, Summary


def of_traffic() -> list[Metric | Summary]:
    """Counters of all processes since `keep` was new. Raises RedisError when `keep` is down."""
    totals = traffic.totals()
    requests = _samples(totals, "requests", "view", "status")
    tasks = _samples(totals, "tasks", "task", "state")
    statements = _samples(totals, "sql_statements", "alias")
    reads = _samples(totals, "cache_reads", "kind", "found")
    hits = [({"kind": labels["kind"]}, times) for labels, times in reads if labels["found"] == "hit"]
    return [
        Metric("requests_total", "counter", "Requests that were answered.", requests),
        _seconds(totals, "request", "What answering them took.", "view"),
        Metric("tasks_total", "counter", "Tasks that workers have run.", tasks),
        _seconds(totals, "task", "What running them took.", "task"),
        Metric("sql_statements_total", "counter", "Statements of requests, by database.", statements),
        Metric(
            "cache_reads_total", "counter", "Objects that requests have read, and whether they were there.", reads
        ),
        Summary(
            "cached_object_age_seconds",
            "How long ago those that were there had been stored.",
            _in_seconds(_samples(totals, "cached_age_us", "kind")),
            hits,
        ),
    ]


def of_replicas() -> list[Metric]:
    """As the running processes see them: the worst of what they say. Raises RedisError when `keep` is down."""
    seen: defaultdict[str, list[census.View]] = defaultdict(list)
    for views in census.views().values():
        for alias, view in views.items():
            seen[alias].append(view)
    lags = [({"alias": alias}, max(view.lag for view in views)) for alias, views in sorted(seen.items())]
    left_out = [({"alias": alias}, sum(bool(view.why) for view in views)) for alias, views in sorted(seen.items())]
    return [
        Metric("replica_lag_seconds", "gauge", "How far a replica is behind, by who sees it furthest behind.", lags),
        Metric("replica_left_out", "gauge", "How many processes do not read from it.", left_out),
    ]


def of_the_fleet() -> list[Metric]:
    """More than one release is a deploy under way, or one that was left half done. Raises RedisError when `keep` is
    down."""
    members = Counter((member.kind, member.release) for member in fleet())
    found = [({"kind": kind, "release": release}, times) for (kind, release), times in sorted(members.items())]
    return [Metric("fleet_processes", "gauge", "Processes that live, by what they do and the code they run.", found)]


def _seconds(totals: Counter[traffic.Figure], what: str, help: str, label: str) -> Summary:
    sums = _in_seconds(_samples(totals, f"{what}_us", label))
    return Summary(f"{what}_seconds", help, sums, _samples(totals, f"{what}_times", label))


def _samples(totals: Counter[traffic.Figure], what: str, *labels: str) -> list[tuple[dict[str, str], float]]:
    found = sorted((values, times) for (name, *values), times in totals.items() if name == what)
    return [(dict(zip(labels, values, strict=True)), times) for values, times in found]


def _in_seconds(samples: Samples) -> Samples:
    return [(labels, us / SECOND) for labels, us in samples]
