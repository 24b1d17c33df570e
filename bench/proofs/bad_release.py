"""Releases that must not be served: one that takes a column from the release before, one that cannot show a page, one
whose pages cannot be published. Each is undone while people shop, and nobody notices."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.changing import commit, edit, git, migrate
from bench.cluster import Cluster, opened_cluster
from bench.figure import Figure, exactly
from bench.opened import wait_until
from bench.shoppers import Seen, Shoppers
from cluster.showing import release_of

from .deploys import LOAD, PATIENCE_SECONDS, ROOM, SETTINGS, Load, at_ease, failed, found, kept, orders


def takes_a_column(code: Path) -> None:
    migrate(code, "shop", "no_note", "migrations.RemoveField('order', 'note')")


def cannot_sign_in(code: Path) -> None:
    """A page that every clone must show before anybody is sent to it."""
    line = '    template_name = "accounts/sign_in.html"\n'
    edit(code / "accounts/views/signing.py", line, line.replace("sign_in", "nowhere"))


def cannot_publish(code: Path) -> None:
    """Pages that are asked of a clone by nobody, not even to show that it is ready: it shows itself one article."""
    line = "    whole, shelves = fetch(ARTICLES.whole(pk), all_shelves())\n"
    edit(code / "shop/views/journal.py", line, f"{line}    if pk > 1:\n        whole.missing\n")


@dataclass(frozen=True)
class Bad:
    """A release and what is told of it. `is_seen` when its clones have answered visitors before it was undone."""

    release: str
    change: Callable[[Path], None]
    told: str
    outcome: str = "Release {} runs again."
    is_seen: bool = False


KINDS = (
    Bad("taking", takes_a_column, "DROPPING columns", "Release {} goes on, nothing was moved."),
    Bad("unready", cannot_sign_in, "web1 of release unready does not become ready: "),
    Bad("unpublished", cannot_publish, "A page cannot be published: /journal/", is_seen=True),
)


def prove(kinds: Sequence[Bad] = KINDS) -> list[Figure]:
    with opened_cluster(SETTINGS) as cluster:
        return prove_on(cluster, kinds)


def prove_on(cluster: Cluster, kinds: Sequence[Bad], load: Load = LOAD) -> list[Figure]:
    cluster.stock_up(ROOM)
    before, figures = orders(cluster), []
    with Shoppers(cluster.url, load) as notes:
        wait_until(lambda: len(notes.answers) > 100, PATIENCE_SECONDS, "the first shoppers")
        for bad in kinds:
            figures += _undone(cluster, bad, notes.answers)
            at_ease(notes)
    what = f"{len(kinds)} releases that were undone, {len(notes.answers):,} requests: failed"
    return [
        *figures,
        exactly(what, failed(notes.answers), {}),
        *found(notes),
        *kept(cluster, notes, before),
    ]


def _undone(cluster: Cluster, bad: Bad, answers: list[Seen]) -> list[Figure]:
    now = cluster.where.current.readlink().name
    commit(cluster.checkout, bad.change)
    said, over = _refused(cluster, bad.release), time.monotonic()
    git(cluster.checkout, "reset", "--quiet", "--hard", "HEAD~1")
    wait_until(lambda: sum(seen.began > over for seen in answers) > 100, PATIENCE_SECONDS, "shoppers")
    of_it = [seen for seen in answers if seen.release == bad.release]
    told = bad.told in said and bad.outcome.format(now) in said
    return [
        exactly(
            f"A release that {bad.change.__name__.replace('_', ' ')}: it is undone, and why is told",
            told or said,
            True,
        ),
        exactly("… its clones have answered visitors", bool(of_it), bad.is_seen),
        exactly("… its answers afterwards", sum(seen.began > over for seen in of_it), 0),
        exactly("… programs that run another release than before", strangers(cluster, now), []),
    ]


def strangers(cluster: Cluster, release: str) -> list[str]:
    """By all that belongs to a release."""
    return [name for name in cluster.pids() if release_of(cluster.where, name) not in ("", release)]


def _refused(cluster: Cluster, release: str) -> str:
    """What is told of a deploy that fails."""
    try:
        cluster.run("deploy", release)
    except RuntimeError as refusal:
        return str(refusal)
    return "it was deployed"
