"""Fifty people want the same cake at the same moment: it is drawn once."""

from bench import standin
from bench.figure import Figure, exactly
from bench.kitchen import kitchen
from bench.opened import PATIENCE_SECONDS, wait_until


def prove(people: int = 50, seconds: float = 0.2) -> list[Figure]:
    with kitchen(seconds=seconds, apart=("worker", "render")) as here:
        here.run(f"order_the_same({people})")
        wait_until(lambda: here.jobs() and not here.unfinished(), PATIENCE_SECONDS, "every cake")
        digest = standin.a_cake("The same").digest
        return [
            exactly(f"{people} identical designs at once: jobs done", here.jobs("state = 'done'"), people),
            exactly("… renders", here.shop.count("SELECT count(*) FROM jobs_render"), 1),
            exactly("… passes drawn", here.steps(digest), list(range(1, standin.PASSES + 1))),
            exactly("… ends told of: rows, jobs", here.told(), (people, people)),
        ]
