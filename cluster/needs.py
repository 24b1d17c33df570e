"""What a machine must have before a cluster can start on it."""

from shop import mariadb_data, nginx, rabbitmq

from .environment import is_free, proxy_port, read
from .errors import ClusterError
from .places import Places


def check_programs() -> None:
    for missing in (mariadb_data.missing, rabbitmq.missing, nginx.missing):
        if reason := missing():
            raise ClusterError(reason)


def check_running_port(where: Places) -> None:
    """Whoever asks a cluster that runs for another port has to stop it first."""
    kept = read(where.env)
    if (port := proxy_port(kept)) != kept["CLUSTER_PORT"]:
        raise ClusterError(
            f"The cluster runs already, at {kept['SITE_URL']}: {where.named}make cluster-stop first, then"
            f" {where.named}PORT={port} make cluster."
        )


def check_port(port: str) -> None:
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ClusterError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    if not is_free(int(port)):
        raise ClusterError(f"Port {port} is taken: try PORT={int(port) % 65535 + 1} make cluster.")
