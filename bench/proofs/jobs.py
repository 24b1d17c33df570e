"""Workers are killed, the broker restarts and the cache is flushed, and every job ends once; with either broker. And
a worker that stood still past its lease wakes, and spoils nothing."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import standin
from bench.figure import Figure, at_most, exactly
from bench.kitchen import Kitchen, kitchen
from bench.opened import PATIENCE_SECONDS, wait_until

BROKERS = ("Valkey", "RabbitMQ")
TAKEN_OVER_SECONDS = 20.0
ALL_WITHIN_SECONDS = 900.0
DYING = ("bulk", "render", "render", "worker")


def prove(light: int = 300, cakes: int = 6, seconds: float = 0.5, brokers: Sequence[str] = BROKERS) -> list[Figure]:
    """`seconds` is how long a light job takes, and a pass of a cake."""
    figures = []
    for broker in brokers:
        with kitchen(on=broker, seconds=seconds) as here:
            figures += _chaos(here, f"{light} light jobs and {cakes} cakes, {broker}", light, cakes)
    with kitchen(seconds=max(seconds, 0.5)) as here:
        return [*figures, *_paused(here)]


def _chaos(here: Kitchen, what: str, light: int, cakes: int) -> list[Figure]:
    here.run(f"submit_light({light}); order_cakes({cakes})")
    kills, slowest = 0, 0.0
    faults = _faults(here, light + cakes)
    deadline = time.monotonic() + ALL_WITHIN_SECONDS
    while here.unfinished() and time.monotonic() < deadline:
        next(faults, None)
        taken = _kill(here, random.choice(DYING))
        kills, slowest = kills + 1, max(slowest, taken)
    wrong = [number for number in range(cakes) if _lost(here.steps(standin.a_cake(f"Cake {number}").digest))]
    rows, told = here.told()
    return [
        exactly(f"{what}: done after {kills} kills, 2 restarts of the broker, 2 flushes", _done(here), light + cakes),
        exactly("… ends told of: rows, jobs", (rows, told), (light + cakes, light + cakes)),
        exactly("… cakes that lost more than the pass that ran", wrong, []),
        at_most("… free for another worker after a kill, at most", round(slowest, 1), TAKEN_OVER_SECONDS, " s"),
    ]


def _faults(here: Kitchen, jobs: int) -> Iterator[None]:
    """Each once a further fifth of the jobs has ended."""
    verbs = (here.restart_broker, here.shop.store("cache").flushall) * 2
    for number, verb in enumerate(verbs, 1):
        while jobs - here.unfinished() < number * jobs / 5:
            yield
        verb()
        yield


def _kill(here: Kitchen, name: str) -> float:
    """Kill it at some moment, and start it again. Returns how long what it did was held by a dead one."""
    time.sleep(random.uniform(0.5, 4))  # the moment is random
    worker = here.shop.apart[name]
    held = _held(here, name)
    worker.kill()
    killed_at = time.monotonic()
    worker.start()
    wait_until(
        lambda: not any(_is_held(here, *row) for row in held), PATIENCE_SECONDS, f"the end of what {name} held"
    )
    return time.monotonic() - killed_at if held else 0.0


def _held(here: Kitchen, name: str) -> list[tuple[str, int, int]]:
    """What this worker runs: table, row and attempt."""
    running = f"state = 'running' AND worker LIKE '{name}@%'"
    found = {
        table: here.shop.count(f"SELECT max(id * 1000 + attempt) FROM {table} WHERE {running}")
        for table in ("jobs_job", "jobs_render")
    }
    return [(table, *divmod(number, 1000)) for table, number in found.items() if number]


def _is_held(here: Kitchen, table: str, pk: int, attempt: int) -> bool:
    query = f"SELECT count(*) FROM {table} WHERE id = ? AND attempt = ? AND state = 'running'"
    return bool(here.shop.count(query, pk, attempt))


def _lost(steps: list[int]) -> bool:
    """Whether it ever went back further than to the pass that ran, or left one out."""
    pairs = zip([0, *steps], steps, strict=False)
    return steps[-1:] != [standin.PASSES] or any(after not in (before, before + 1) for before, after in pairs)


def _done(here: Kitchen) -> int:
    return here.jobs("state = 'done'")


def _paused(here: Kitchen) -> list[Figure]:
    """It stands still in the middle of a pass, another one takes over, and then it goes on."""
    digest = standin.a_cake("Cake 0").digest
    here.run("order_cakes(1)")
    wait_until(lambda: len(here.steps(digest)) >= 2, PATIENCE_SECONDS, "the second pass")
    late, successor = here.shop.apart["render"], here.one_more("render")
    late.pause()
    successor.start()
    try:
        wait_until(lambda: here.shop.count("SELECT attempt FROM jobs_render") == 2, PATIENCE_SECONDS, "the takeover")
        late.resume()
        wait_until(lambda: not here.unfinished(), PATIENCE_SECONDS, "the cake")
        wait_until(
            lambda: len(here.steps(digest)) > standin.PASSES, PATIENCE_SECONDS, "the pass that was begun before"
        )
        wait_until(lambda: len(_pictures(here)) == 1, PATIENCE_SECONDS, "one picture")
    finally:
        successor.end()
    steps = Counter(here.steps(digest))
    return [
        exactly("Worker paused past its lease, awake after the takeover: attempts", _attempts(here), 2),
        exactly("… passes drawn more than once", sum(count - 1 for count in steps.values()), 1),
        exactly("… the picture is the last one", _pictures(here) == [standin.picture_of(standin.PASSES)], True),
        exactly("… ends told of", here.told(), (1, 1)),
    ]


def _attempts(here: Kitchen) -> int:
    return here.shop.count("SELECT attempt FROM jobs_render")


def _pictures(here: Kitchen) -> list[bytes]:
    files = Path(here.shop.folder / "private").rglob("*")
    return [file.read_bytes() for file in files if file.is_file()]
