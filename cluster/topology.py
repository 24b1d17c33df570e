"""Which programs a cluster has: the same as in compose/, by the same names.

Servers with data run from the checkout. Clones, workers, relay and beat run from a release, through one of two slots:
a deploy starts the other slot with the new release before it stops the old one.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shop.nginx import Nginx
from shop.rabbitmq import SERVER, RabbitMQ
from shop.valkeys import Valkey

from .environment import CLONES, DATABASES, port_name
from .places import CODE, Places

STORE, PROXY, CLONE, WORKER = "store", "proxy", "clone", "worker"
SLOTS = 2
EMPTY: Mapping[str, str] = {}
RUNNING_CLONES = CLONES[:3]  # the other places are empty at first: a deploy with more load joins them
SLOT = "{slot}"  # filled in by the process manager
DATA_SECONDS, PROXY_SECONDS = 40, 10
# As long as in containers: longer than the proxy waits for an answer, and a worker for a database (DB_TIMEOUT). A
# picture ends at once, but what has just been painted is saved, on a machine that is busy.
CLONE_SECONDS, WORKER_SECONDS, RENDER_SECONDS = 60, 60, 120

SERVING = "-m shop.serving --bind 127.0.0.1:{port}"
CELERY = "-m celery --quiet -A shop.celery"
WORKING = f"{CELERY} worker --loglevel WARNING --without-gossip --without-mingle"
# A thread draws and the main one speaks to the broker meanwhile: `solo` would be silent until the broker gives it up.
RENDER = "-Q render --pool threads --concurrency 1 --include jobs.drawing"
LANES = {
    "interactive": "-Q interactive --pool threads --concurrency 2",
    "bulk": "-Q bulk --pool solo",
    "render": RENDER,
}


@dataclass(frozen=True)
class Program:
    """One program. It gets `stop_seconds` to end in order, and is killed then."""

    name: str
    kind: str
    command: list[str]
    directory: Path = CODE
    environment: dict[str, str] = field(default_factory=dict)
    stop_seconds: int = DATA_SECONDS
    port: int | None = None  # of a clone
    is_group_stopped: bool = False  # a script that has started the server, and does not tell it

    @property
    def has_slots(self) -> bool:
        return self.kind in (CLONE, WORKER)

    @property
    def processes(self) -> list[str]:
        return [self.process(slot) for slot in range(SLOTS)] if self.has_slots else [self.name]

    def process(self, slot: int | str = 0) -> str:
        """The name of its process, as the process manager has it."""
        return f"{self.name}:{slot}" if self.has_slots else self.name


def programs(where: Places, told: Mapping[str, str]) -> list[Program]:
    """In the order in which they are started; they are stopped the other way round."""
    return [*stores(where, told), proxy(where), *clones(where, told), *workers(where)]


def stores(where: Places, told: Mapping[str, str]) -> list[Program]:
    node = broker(where, told)
    return [
        *(Program(name, STORE, [sys.executable, "-m", "cluster", "run", name]) for name in DATABASES),
        *(Program(name, STORE, valkey(where, told, name).words) for name in ("cache", "keep")),
        Program("broker", STORE, [str(SERVER)], environment=node.environment(), is_group_stopped=True),
    ]


def proxy(where: Places) -> Program:
    """It takes its headers from the release that is current when it starts."""
    command = [str(where.current / ".venv" / "bin" / "python"), "-m", "cluster", "run", "proxy"]
    return Program("proxy", PROXY, command, directory=where.current, stop_seconds=PROXY_SECONDS)


def clones(where: Places, told: Mapping[str, str]) -> list[Program]:
    """A new one takes its port over from the old one: see `scaling.handover`."""
    ports = {name: int(told[port_name(name)]) for name in CLONES}
    return [
        of_release(where, name, CLONE, SERVING.format(port=port), {"HANDOVER": str(where.handover(name))}, port=port)
        for name, port in ports.items()
    ]


def workers(where: Places) -> list[Program]:
    schedule = where.state / f"beat-{SLOT}"
    return [
        *(of_release(where, lane, WORKER, f"{WORKING} -n {lane}-{SLOT}@%h {words}") for lane, words in LANES.items()),
        of_release(where, "relay", WORKER, "manage.py relay"),
        of_release(where, "beat", WORKER, f"{CELERY} beat --loglevel WARNING --schedule {schedule} --pidfile="),
    ]


def of_release(
    where: Places, name: str, kind: str, words: str, told: Mapping[str, str] = EMPTY, **options
) -> Program:
    slot = where.folder / "slots" / f"{name}-{SLOT}"
    nice = ["/usr/bin/nice", "-n", "10"] if name == "render" else []
    command = [*nice, str(slot / ".venv" / "bin" / "python"), *words.split()]
    seconds = CLONE_SECONDS if kind == CLONE else RENDER_SECONDS if name == "render" else WORKER_SECONDS
    own = {"CLONE": name, **told}
    return Program(name, kind, command, directory=slot, stop_seconds=seconds, environment=own, **options)


def valkey(where: Places, told: Mapping[str, str], name: str) -> Valkey:
    password = told[f"CLUSTER_{name.upper()}_PASSWORD"]
    return Valkey(name, where.shared / name, int(told[port_name(name)]), password)


def broker(where: Places, told: Mapping[str, str]) -> RabbitMQ:
    ports = (int(told[port_name(name)]) for name in ("broker", "broker_node", "broker_mapper"))
    port, node, mapper = ports
    password = told["CLUSTER_BROKER_PASSWORD"]
    return RabbitMQ(where.shared / "broker", port, password, node, mapper)


def nginx(where: Places, told: Mapping[str, str]) -> Nginx:
    """It asks all places from the start, and need never be told of a new clone: an empty one refuses at once."""
    addresses = tuple(f"127.0.0.1:{told[port_name(name)]}" for name in CLONES)
    scheme = "https" if told["TLS"] == "true" else "http"
    folders = (where.files / "published", where.static, where.files / "media")
    in_front = ("127.0.0.1",) if scheme == "https" else ()  # whoever ends TLS there says for whom it asks
    port = int(told["CLUSTER_PORT"])
    return Nginx(where.shared / "proxy", addresses, *folders, port=port, scheme=scheme, trusted=in_front)
