"""What the shop's processes are told: chosen once for the cluster, and kept in `shared/env` for this user alone.

A clone gets all it knows from there, so that it may run any release, on any port, after any start.
"""

import os
import random
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from shop import env_file
from shop.env_file import write
from shop.mariadb import Cluster

from .errors import ClusterError
from .places import Places

# Below the ports that the kernel gives to connections: one of those could take a place that is empty just now, and
# a proxy that looks at an empty place again and again would in the end be connected with itself.
PORTS = range(20000, 32000)
CLONES = tuple(f"web{number}" for number in range(1, 9))
DATABASES = ("mariadb1", "mariadb2", "mariadb3")
LISTENERS = (*DATABASES, "cache", "keep", "broker", "broker_node", "broker_mapper", *CLONES)
PASSWORDS = tuple(f"CLUSTER_{name}_PASSWORD" for name in ("CACHE", "KEEP", "BROKER"))
SECRETS = ("SECRET_KEY", "METRICS_TOKEN", *PASSWORDS)
PROXY_PORT = "8080"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")  # all that processes get of whoever started them


def choose(where: Places) -> dict[str, str]:
    """The environment of the shop's processes, and ports and passwords of the servers as `CLUSTER_…`. What is said in
    `shared/own.env`, a line each, wins."""
    kept = read(where.env)
    chosen = {name: kept.get(name) or secrets.token_urlsafe(48) for name in SECRETS} | _ports(kept)
    chosen["CLUSTER_PORT"] = proxy_port(kept)
    hosts = os.environ.get("HOSTS", "").replace(",", " ").split()
    chosen["CLUSTER_HOSTS"] = ",".join(hosts) or kept.get("CLUSTER_HOSTS", "")
    databases = cluster_of(where, chosen)
    databases.keep()
    told = chosen | of_the_shop(where, chosen, databases) | read(where.own_env)
    write(where.env, told)
    return told


def proxy_port(kept: Mapping[str, str]) -> str:
    return os.environ.get("PORT") or kept.get("CLUSTER_PORT") or PROXY_PORT


def cluster_of(where: Places, told: Mapping[str, str], **options) -> Cluster:
    return Cluster(where.databases, ports=[int(told[port_name(name)]) for name in DATABASES], **options)


def of_the_shop(where: Places, chosen: Mapping[str, str], databases: Cluster) -> dict[str, str]:
    """What `.env.example` lists, as far as it is not the default of production."""
    named = chosen["CLUSTER_HOSTS"].split(",") if chosen["CLUSTER_HOSTS"] else []
    url = f"https://{named[0]}" if named else f"http://127.0.0.1:{chosen['CLUSTER_PORT']}"
    return databases.urls | {
        "CLUSTER_DIR": str(where.folder),
        "DJANGO_SETTINGS_MODULE": "settings.production",
        "STATE_DIR": str(where.state),
        "FILES_URL": where.files.as_uri(),
        "STATIC_FILES_URL": where.static.as_uri(),
        "CACHE_URL": valkey_url(chosen, "cache"),
        "KEEP_URL": valkey_url(chosen, "keep"),
        "BROKER_URL": f"amqp://shop:{chosen['CLUSTER_BROKER_PASSWORD']}@127.0.0.1:{chosen[port_name('broker')]}//",
        "ALLOWED_HOSTS": ",".join(["127.0.0.1", "localhost", *named]),
        "SITE_URL": url,
        "TLS": str(bool(named)).lower(),  # whoever is asked by another name has somebody in front who ends TLS
        "XRAY": "true",
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
    }


def of_processes(told: Mapping[str, str]) -> dict[str, str]:
    """All that a process is given: the same whoever starts it, and from where."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | dict(told)


def _ports(kept: Mapping[str, str]) -> dict[str, str]:
    names = [port_name(name) for name in LISTENERS]
    new = iter(draw_ports(len(names)))
    return {name: kept.get(name) or str(next(new)) for name in names}


def port_name(listener: str) -> str:
    return f"CLUSTER_{listener.upper()}_PORT"


def valkey_url(chosen: Mapping[str, str], name: str) -> str:
    password, port = chosen[f"CLUSTER_{name.upper()}_PASSWORD"], chosen[port_name(name)]
    return f"redis://:{password}@127.0.0.1:{port}/0"


def draw_ports(count: int) -> list[int]:
    """So many ports that nobody listens on at this moment."""
    drawn = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(drawn) == count:
            return drawn
        if is_free(port):
            drawn.append(port)
    raise ClusterError("This machine has no free ports left.")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def read(path: Path) -> dict[str, str]:
    """See `shop.env_file`."""
    try:
        return env_file.read(path)
    except ValueError as error:
        raise ClusterError(f"{path} cannot be read: {error}.") from None
