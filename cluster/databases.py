"""The databases of a cluster, which the process manager starts, keeps alive and stops."""

from pathlib import Path

from shop.mariadb import Cluster
from shop.mariadb_server import Server

from .environment import cluster_of, read
from .places import Places
from .supervision import FAILED, Supervisor
from .topology import DATA_SECONDS


class Supervised(Server):
    def __init__(self, supervisor: Supervisor, *place) -> None:
        super().__init__(*place)
        self.supervisor = supervisor

    @property
    def name(self) -> str:
        return f"mariadb{self.number}"

    @property
    def log(self) -> Path:
        return self.supervisor.where.log(self.name)

    def start(self, role: str, *options: str) -> None:
        """In the role that is kept in the folder: see `run`."""
        self.supervisor.start(self.name)

    def stop(self) -> None:
        self.supervisor.stop(self.name, seconds=DATA_SECONDS + 5)

    def has_ended(self) -> bool:
        return self.supervisor.state(self.name) in FAILED

    def fence(self) -> None:
        """Not only its process: nobody may start it again."""
        self.stop()
        super().fence()


def databases(where: Places, supervisor: Supervisor) -> Cluster:
    return cluster_of(where, read(where.env), kind=lambda *place: Supervised(supervisor, *place))


def database_command(where: Places, name: str) -> list[str]:
    """As the primary or as a replica: that may have changed since it ran last."""
    cluster = cluster_of(where, read(where.env))
    server = next(server for server in cluster.servers if f"mariadb{server.number}" == name)
    return server.command(cluster.role(server))
