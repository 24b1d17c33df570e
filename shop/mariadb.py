"""A primary and its replicas on this machine: real MariaDB servers for development and tests, from `compose/`.

They listen on the loopback address, and their files and passwords are in one folder, for this user alone.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from .mariadb_data import ACCOUNTS, MariaDBError, accounts, install, missing
from .mariadb_server import Server
from .mariadb_zones import zone_statements
from .valkeys import free_port

QUICK = ("--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0")  # for tests: what a power cut takes is no loss


class Cluster:
    """A primary and `replicas`; what it chose for itself at first is kept in the folder's file `cluster.json`.

    `ports`, the primary's first, are asked for by who knows better than to take any that are free; `kind` makes
    servers that somebody else starts and stops.
    """

    def __init__(
        self, folder: Path, replicas: int = 2, *, ports: Sequence[int] = (), kind: Callable[..., Server] = Server
    ) -> None:
        self.folder = folder
        kept = self._kept() or {
            "ports": list(ports) or [free_port() for _ in range(replicas + 1)],
            "passwords": {account: secrets.token_urlsafe(24) for account in ACCOUNTS},
            "primary": 0,
        }
        self.passwords, self._primary = kept["passwords"], kept["primary"]
        self.semi_sync = kept.get("semi_sync", False)
        self.servers = [
            kind(folder / f"server{number}", number, port, self.passwords)
            for number, port in enumerate(kept["ports"], start=1)
        ]

    @property
    def primary(self) -> Server:
        return self.servers[self._primary]

    @property
    def replicas(self) -> list[Server]:
        return [server for server in self.servers if server is not self.primary]

    def role(self, server: Server) -> str:
        return "primary" if server is self.primary else "replica"

    @property
    def urls(self) -> dict[str, str]:
        """What to set for the shop to use them."""
        replicas = ",".join(replica.url("reader") for replica in self.replicas)
        return {"DATABASE_URL": self.primary.url("shop"), "REPLICA_URLS": replicas}

    def start(self, *options: str) -> None:
        """Start those that are not running, all at once, and wait until the replicas follow."""
        if reason := missing():
            raise MariaDBError(reason)
        self.keep()
        down = [server for server in self.servers if not server.answers()]
        self._make_data(down)
        for server in down:
            server.start(self.role(server), *options)
        for server in down:
            server.wait()
        for replica in self.replicas:
            if replica in down:
                self.join(replica)
        self.primary.ask("SET GLOBAL rpl_semi_sync_master_enabled = %s", self.semi_sync)

    def join(self, replica: Server) -> None:
        """Let it follow the primary. One that was the primary and died with something that no other server has gets a
        new copy, made from the primary's log; what it held is kept beside it."""
        replica.follow(self.primary)
        if replica.is_accepted():
            return
        replica.stop()
        (replica.folder / "data").rename(replica.folder / f"data.alone-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        self._make_data([replica])
        replica.start("replica")
        replica.wait()
        replica.follow(self.primary)
        if not replica.is_accepted():
            raise MariaDBError(f"{replica.folder} cannot follow: {replica.replication()['Last_IO_Error']}")

    def promoted(self, server: Server) -> None:
        """From now on it is the primary, also after the next start."""
        self._primary = self.servers.index(server)
        self.keep()

    def stop(self) -> None:
        """The replicas first: they need not learn that the primary is away."""
        for server in [*self.replicas, self.primary]:
            server.stop()

    def catch_up(self) -> bool:
        """Wait until every replica holds what the primary holds by now."""
        return all(replica.catch_up(self.primary) for replica in self.replicas)

    def keep(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ports = [server.port for server in self.servers]
        self._file.touch(mode=0o600)
        kept = {
            "ports": ports,
            "passwords": self.passwords,
            "primary": self._primary,
            "semi_sync": self.semi_sync,
        }
        self._file.write_text(json.dumps(kept, indent=1))

    @property
    def _file(self) -> Path:
        return self.folder / "cluster.json"

    def _kept(self) -> dict | None:
        return json.loads(self._file.read_text()) if self._file.exists() else None

    def _make_data(self, servers: list[Server]) -> None:
        """Copies of one empty data directory: quicker than making each, and the accounts are the same in all."""
        new = [server for server in servers if not (server.folder / "data").exists()]
        if not new:
            return
        empty = self.folder / "empty"
        install(empty, [*zone_statements({"UTC", settings.TIME_ZONE}), *accounts(self.passwords)])
        for server in new:
            server.folder.mkdir(mode=0o700, exist_ok=True)
            shutil.copytree(empty, server.folder / "data")
        shutil.rmtree(empty)
