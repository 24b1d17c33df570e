"""Start a cluster: first what holds data, all at once, then the tables, then everything that needs them.

Nothing is waited for by a clock: each server is asked until it answers. What this call has started is stopped again
when something fails: a cluster runs as a whole, or as it ran before.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import topology
from .asking import answers
from .databases import databases
from .environment import choose, proxy_port, read
from .history import left
from .needs import check_port, check_programs, check_running_port
from .places import Places, point
from .preparing import collect_static, prepare
from .releases import first_name, has_changes, install
from .stopping import stop, sweep
from .supervision import GONE, Supervisor, wait_for
from .topology import CLONE, RUNNING_CLONES, WORKER, Program

ANSWERED_WITHIN_SECONDS = 180  # on a machine that has much else to do
Say = Callable[[str], None]


@dataclass
class Start:
    """What is done in one call, step by step."""

    where: Places
    told: Mapping[str, str]
    release: Path
    supervisor: Supervisor
    say: Say

    def run(self) -> None:
        with ThreadPoolExecutor() as pool:
            broker = pool.submit(self.broker)
            static = pool.submit(self.static)
            every(pool.submit(self.proxy), pool.submit(self.databases), pool.submit(self.valkeys))
            self.tables()
            static.result()
            clones = pool.submit(self.clones)
            broker.result()
            every(clones, pool.submit(self.workers))
        # With words behind it, no page that is published answers.
        url = f"http://127.0.0.1:{self.told['CLUSTER_PORT']}/?asked=a-clone"
        wait_for(lambda: answers(url), ANSWERED_WITHIN_SECONDS, "a page")
        self.say("a page through the proxy")

    def databases(self) -> None:
        databases(self.where, self.supervisor).start()
        self.say("MariaDB: a primary and two replicas that follow it")

    def valkeys(self) -> None:
        self.supervisor.start("cache", "keep")
        for name in ("cache", "keep"):
            valkey = topology.valkey(self.where, self.told, name)
            self.until(name, valkey.answers)
        self.say("Valkey: cache and keep")

    def broker(self) -> None:
        self.supervisor.start("broker")
        self.until("broker", topology.broker(self.where, self.told).answers)
        self.say("RabbitMQ")

    def proxy(self) -> None:
        self.supervisor.start("proxy")
        self.supervisor.wait(["proxy"], ANSWERED_WITHIN_SECONDS)
        self.say("nginx")

    def tables(self) -> None:
        """In the middle of a deploy the triggers stay of whichever release it began from: it may be gone back to."""
        prepare(self.release, self.told, *(["--keep-triggers"] if left(self.where) else []))
        self.say("the tables and the bakery")

    def static(self) -> None:
        collect_static(self.release, self.told)
        self.say("the static files")

    def clones(self) -> None:
        new = self.put_in_place(CLONE)
        for program in new:
            self.until(program.process(), lambda port=program.port: answers(f"http://127.0.0.1:{port}/livez"))
        self.say(f"gunicorn: {len(RUNNING_CLONES)} clones")

    def workers(self) -> None:
        new = self.put_in_place(WORKER)
        self.supervisor.wait([program.process() for program in new], ANSWERED_WITHIN_SECONDS)
        self.say("workers, relay and beat")

    def put_in_place(self, kind: str) -> list[Program]:
        """Start the release in the first slot of those that run in none; answer them."""
        states = self.supervisor.processes()
        new = [
            program
            for program in expected(self.where, self.told)
            if program.kind == kind and all(states[name]["state"] in GONE for name in program.processes)
        ]
        for program in new:
            point(self.where.slot(program.name, 0), self.release)
        self.supervisor.start(*(program.process() for program in new))
        return new

    def until(self, process: str, condition: Callable[[], bool]) -> None:
        """Until it answers; sooner when it has given up."""
        self.supervisor.wait([process], ANSWERED_WITHIN_SECONDS)
        wait_for(condition, ANSWERED_WITHIN_SECONDS, lambda: f"{process} (its log: {self.where.log(process)})")


def start(where: Places, say: Say) -> bool:
    """Start what is not running, and answer whether there was any. Raises ClusterError with the log to look at."""
    check_programs()
    supervisor = Supervisor(where)
    told = chosen(where, supervisor)
    if supervisor.answers() and is_whole(where, told, supervisor):
        return False
    release = first_release(where, say)
    os.environ.update(told, RELEASE=release.name)  # for the shop's settings, which are read here as well
    with undone_on_failure(where, supervisor):
        if not supervisor.answers():
            configure(where, told)
            supervisor.open(topology.programs(where, told), told)
        Start(where, told, release, supervisor, say).run()
    return True


def chosen(where: Places, supervisor: Supervisor) -> Mapping[str, str]:
    """What a cluster that runs was told, or what a new one is to be: refused before there is anything of it."""
    if supervisor.answers_or_is_gone():
        check_running_port(where)
        return read(where.env)
    sweep(where)
    check_port(proxy_port(read(where.env)))
    where.make()
    return choose(where)


def configure(where: Places, told: Mapping[str, str]) -> None:
    """Write what these servers read when they start; the others write it themselves, each time."""
    topology.broker(where, told).configure()
    for name in ("cache", "keep"):
        topology.valkey(where, told, name).configure()


def first_release(where: Places, say: Say) -> Path:
    """The release that runs, or a first one: what was committed last."""
    if not where.current.exists():
        name = first_name()
        if has_changes():
            say(f"some changes are not committed: release {name} is without them")
        if not (where.releases / name).exists():
            install(where, name, say)
        point(where.current, where.releases / name)
        say(f"release {name}")
    return where.current.resolve()


def expected(where: Places, told: Mapping[str, str]) -> list[Program]:
    """All but the empty places."""
    every = topology.programs(where, told)
    return [program for program in every if program.kind != CLONE or program.name in RUNNING_CLONES]


def is_whole(where: Places, told: Mapping[str, str], supervisor: Supervisor) -> bool:
    """Whether everything runs, in whichever of its places."""
    return all(any(map(supervisor.is_running, program.processes)) for program in expected(where, told))


@contextmanager
def undone_on_failure(where: Places, supervisor: Supervisor) -> Iterator[None]:
    before = supervisor.processes() if supervisor.answers() else None
    try:
        yield
    except BaseException:
        if before is None:
            stop(where)
        else:
            new = [name for name, info in before.items() if info["state"] in GONE]
            supervisor.stop(*new, seconds=ANSWERED_WITHIN_SECONDS)
        raise


def every(*tasks: Future) -> None:
    """Until these are done, or one has failed."""
    for task in tasks:
        task.result()
