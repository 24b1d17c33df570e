"""Figures for machines, in the text format of Prometheus, and the few of them that this package knows.

A figure that nobody can tell, because the server that has it is away, is left out: it must not look like a zero.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import findings, purging
from .breaker import CACHE
from .clones import clone_id
from .findings import PLACES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """`kind` is "counter" (its name ends in _total) or "gauge"; `samples` are its values by their labels."""

    name: str
    kind: str
    help: str
    samples: Samples

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        return "\n".join([*lines, *_lines(self.name, self.samples)]) + "\n"


@dataclass(frozen=True, slots=True)
class Summary:
    """How much in all, and of how many, by their labels: an average is the one's increase by the other's."""

    name: str
    help: str
    sums: Samples
    counts: Samples

    def text(self) -> str:
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} summary"]
        lines += [*_lines(f"{self.name}_sum", self.sums), *_lines(f"{self.name}_count", self.counts)]
        return "\n".join(lines) + "\n"


def page(metrics: Iterable[Metric | Summary]) -> str:
    """What is answered to Prometheus."""
    return "".join(metric.text() for metric in metrics)


def of_this_process() -> list[Metric]:
    """Whether the cache is away for this process, which asks nobody else: the label says whose word it is."""
    mine = {"process": f"{clone_id()}/{os.getpid()}"}
    told = "1 while the cache is away for the process that answers."
    return [Metric("cache_breaker_open", "gauge", told, [(mine, CACHE.is_open)])]


def of_keep() -> list[Metric]:
    """What all processes together have counted. Raises RedisError when `keep` is down."""
    return [*of_the_sampler(), of_purging()]


def of_purging() -> Metric:
    purged, failed = purging.counts()
    told = "Published pages that a cache in front was told of, and those that it could not be told of."
    return Metric("purges_total", "counter", told, [({"result": "purged"}, purged), ({"result": "failed"}, failed)])


def of_the_sampler() -> list[Metric]:
    tallies = findings.tallies()
    compared = [({"kind": each.name}, each.compared) for each in tallies]
    wrong = [({"kind": each.name, "where": where}, getattr(each, where)) for each in tallies for where in PLACES]
    repaired = [({"kind": each.name}, each.repaired) for each in tallies]
    runs = [({"kind": each.name}, each.run_at) for each in tallies]
    rounds = [({"kind": each.name}, each.round_at) for each in tallies]
    return [
        Metric("sampler_compared_total", "counter", "Objects and listings compared with the tables.", compared),
        Metric("sampler_wrong_total", "counter", "Those that were wrong.", wrong),
        Metric("sampler_repaired_total", "counter", "Those that were repaired.", repaired),
        Metric("sampler_last_run_seconds", "gauge", "When any were compared last, since 1970; 0 for never.", runs),
        Metric("sampler_last_round_seconds", "gauge", "When all had been compared, since 1970; 0 for never.", rounds),
    ]


def _lines(name: str, samples: Samples) -> list[str]:
    return [f"{name}{_braced(labels)} {_number(value)}" for labels, value in samples]


def _braced(labels: Labels) -> str:
    inside = ",".join(f'{name}="{value.translate(ESCAPES)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
