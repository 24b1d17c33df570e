"""Stop a cluster, so that no process is left: first who asks, then who is asked; the primary is the last."""

import signal
import time
from collections.abc import Iterable

from .environment import cluster_of, read
from .errors import ClusterError
from .leftovers import end, leftovers
from .places import Places
from .supervision import Supervisor
from .topology import STORE, programs

GRACE_SECONDS = 5  # until one that was killed is gone
ENDED_WITHIN_SECONDS = 10  # or is killed
KILLED_WITHIN_SECONDS = 10


def stop(where: Places) -> bool:
    """Whether there was anything to stop. Each program has its `stop_seconds` to end in order, and is killed then."""
    supervisor = Supervisor(where)
    was_open = supervisor.answers()
    if was_open:
        for names, seconds in _turns(where):
            supervisor.stop(*names, seconds=seconds + GRACE_SECONDS)
        supervisor.close()
    return sweep(where) or was_open


def sweep(where: Places) -> bool:
    """End what the process manager has left behind, or lost by its own death; whether there was any."""
    if not leftovers(where):
        return False
    for number, seconds in ((signal.SIGTERM, ENDED_WITHIN_SECONDS), (signal.SIGKILL, KILLED_WITHIN_SECONDS)):
        end(leftovers(where), number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not leftovers(where):
                return True
            time.sleep(0.05)
    raise ClusterError(f"Some processes do not end: {', '.join(map(str, leftovers(where)))}.")


def _turns(where: Places) -> Iterable[tuple[list[str], int]]:
    """Names of processes that are stopped at once, and how long that may take."""
    told = read(where.env)
    every = programs(where, told)
    primary = f"mariadb{cluster_of(where, told).primary.number}"
    asking = [program for program in every if program.kind != STORE]
    asked = [program for program in every if program.kind == STORE and program.name != primary]
    last = [program for program in every if program.name == primary]
    for turn in (asking, asked, last):
        yield [name for program in turn for name in program.processes], max(program.stop_seconds for program in turn)
