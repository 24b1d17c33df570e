"""A thousand jobs wait, and nobody else does: not who wants something at once, and not another one's first."""

from bench.figure import Figure, at_least, at_most
from bench.kitchen import kitchen
from bench.opened import PATIENCE_SECONDS, Opened, wait_until

STARTED_WITHIN_SECONDS = 1.0
QUICK = 20


def prove(waiting: int = 1000, seconds: float = 0.2) -> list[Figure]:
    with kitchen(seconds=seconds, apart=("worker", "bulk")) as here:
        here.run(f"submit_light({waiting})")
        wait_until(lambda: here.jobs("state = 'running'"), PATIENCE_SECONDS, "the first of them")
        here.run(f"submit_light({QUICK}, owner='user:2', kind='standin-now')")
        wait_until(
            lambda: here.jobs("kind = 'standin-now' AND state = 'done'") == QUICK, PATIENCE_SECONDS, "the quick ones"
        )
        left = here.jobs("kind = 'standin' AND state = 'queued'")
        here.run("submit_light(1, owner='user:3')")
        mine = "owner = 'user:3' AND started_at IS NOT NULL"
        wait_until(lambda: here.jobs(mine), PATIENCE_SECONDS, "another one’s first")
        before = here.jobs(f"owner = 'user:1' AND started_at > ({_of_mine('created_at')}) AND {_by_then()}")
        slowest = _slowest(here.shop)
    return [
        at_least(f"{waiting} jobs wait in bulk; so many still do when {QUICK} quick ones end", left, waiting / 2),
        at_most("… the slowest of the quick ones began after", slowest, STARTED_WITHIN_SECONDS, " s"),
        at_most("… of the thousand begun before another one’s first", before, 30),
    ]


def _of_mine(column: str) -> str:
    return f"SELECT {column} FROM jobs_job WHERE owner = 'user:3'"


def _by_then() -> str:
    return f"started_at <= ({_of_mine('started_at')})"


def _slowest(shop: Opened) -> float:
    """Seconds from the row to its start, both as the database says."""
    waited = "(julianday(started_at) - julianday(created_at)) * 86400000"
    return shop.count(f"SELECT cast(max({waited}) AS integer) FROM jobs_job WHERE kind = 'standin-now'") / 1000
