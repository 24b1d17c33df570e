"""What a machine must have before a cluster can start on it."""

from shop import mariadb_data, nginx, rabbitmq

from .environment import is_free
from .errors import ClusterError


def check_programs() -> None:
    for missing in (mariadb_data.missing, rabbitmq.missing, nginx.missing):
        if reason := missing():
            raise ClusterError(reason)


def check_port(port: str) -> None:
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ClusterError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    if not is_free(int(port)):
        raise ClusterError(f"Port {port} is taken: try PORT={int(port) % 65535 + 1} make cluster.")
