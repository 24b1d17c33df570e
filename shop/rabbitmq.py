"""A RabbitMQ of one's own on this machine, for tests and proofs: the broker of production, with its configuration."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .mariadb_server import poll
from .valkeys import COMPOSE, free_port

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the script on the path wants to be root
STARTED_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 20
ANSWERS_WITHIN_SECONDS = 1


def missing() -> str:
    """Why it cannot be started here, or nothing."""
    return "" if SERVER.exists() else "rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)."


@dataclass
class RabbitMQ:
    """A node with its files in `folder`. Two ports more are its own: the Erlang node's, and its port mapper's."""

    folder: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    node_port: int = field(default_factory=free_port)
    mapper_port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"amqp://shop:{self.password}@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it, and wait until it answers. What it held when it was stopped or killed is there again."""
        command = self.command()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, env=os.environ | self.environment(), stdout=log, stderr=log, start_new_session=True
            )
        poll(lambda: self.answers() or self.process.poll() is not None, STARTED_WITHIN_SECONDS, "RabbitMQ’s start")
        if self.process.poll() is not None:
            raise RuntimeError(f"RabbitMQ did not start; its log is {self.folder / 'log'}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and with SIGKILL as a power cut would."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, number)
        try:
            self.process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """End it and its port mapper, which outlives it."""
        self.stop()
        environment = os.environ | self.environment()
        if mapper := shutil.which("epmd"):
            options = {"capture_output": True, "check": False, "timeout": STOPPED_WITHIN_SECONDS}
            subprocess.run([mapper, "-kill"], env=environment, **options)  # noqa: S603

    def answers(self) -> bool:
        """Whether it speaks AMQP."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), ANSWERS_WITHIN_SECONDS) as connection:
                connection.settimeout(ANSWERS_WITHIN_SECONDS)
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False

    def command(self) -> list[str]:
        """Write the configuration; answer the command that starts the node in the foreground, with `environment`."""
        self.configure()
        return [str(SERVER)]

    def configure(self) -> None:
        parts = self.folder / "conf.d"
        parts.mkdir(exist_ok=True)
        shutil.copy(COMPOSE / "broker" / "rabbitmq.conf", parts / "10-house.conf")
        own = parts / "90-here.conf"
        own.touch(mode=0o600)
        own.write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndefault_user = shop\ndefault_pass = {self.password}\n"
        )
        (self.folder / "plugins").write_text("[].")

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"shop{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "conf.d"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(self.node_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
