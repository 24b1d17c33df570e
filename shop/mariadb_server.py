"""One MariaDB server on the loopback address: started, asked, told whom to follow, ended."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .mariadb_data import SCHEMA, DictCursor, MariaDBError, MySQLdb, as_this_user, program
from .valkeys import COMPOSE

STARTED_WITHIN_SECONDS = 30
STOPPED_WITHIN_SECONDS = 30


class Server:
    """One server. It need not have been started by this process."""

    def __init__(self, folder: Path, number: int, port: int, passwords: dict[str, str]) -> None:
        self.folder, self.number, self.port, self.passwords = folder, number, port, passwords
        self.process: subprocess.Popen | None = None

    def start(self, role: str, *options: str) -> None:
        """Start it in the background, as "primary" or "replica"; `wait` tells when it answers."""
        command = [
            program("mariadbd"),
            f"--defaults-file={COMPOSE / f'mariadb-{role}' / 'my.cnf'}",
            *as_this_user(),
            f"--datadir={self.folder / 'data'}",
            f"--pid-file={self.folder / 'pid'}",
            "--socket=socket",  # in the data directory; a whole path may be too long for a socket
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--server-id={self.number}",
            *options,
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        poll(lambda: self.answers() or self.has_ended(), STARTED_WITHIN_SECONDS, f"the start of {self.folder}")
        if self.has_ended():
            raise MariaDBError(f"MariaDB did not start; its log is {self.log}")

    def stop(self) -> None:
        """End it in order, by asking it: a number in a file may have become somebody else's since."""
        if self.process:
            self.process.terminate()
            self.process.wait(STOPPED_WITHIN_SECONDS)
        elif self.answers():
            self.ask("SHUTDOWN")
            poll(lambda: not self.pid_file.exists(), STOPPED_WITHIN_SECONDS, f"the end of {self.folder}")

    def ask(self, statement: str, *parameters: object) -> list[dict]:
        """The rows of one statement, as the account that may do everything."""
        connection = MySQLdb.connect(
            host="127.0.0.1",
            port=self.port,
            user="keeper",
            password=self.passwords["keeper"],
            connect_timeout=2,
            read_timeout=STARTED_WITHIN_SECONDS,
            autocommit=True,
            cursorclass=DictCursor,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether it is up and ours: it takes our password."""
        try:
            return bool(self.ask("SELECT 1"))
        except MySQLdb.Error:
            return False

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def pid(self) -> int:
        """Of the running server: to stop and continue it, or to kill it."""
        return self.process.pid if self.process else int(self.pid_file.read_text())

    def url(self, account: str) -> str:
        return f"mysql://{account}:{self.passwords[account]}@127.0.0.1:{self.port}/{SCHEMA}"

    def follow(self, primary: "Server") -> None:
        """Replicate from `primary`, from where it left off."""
        self.ask("STOP SLAVE")
        self.ask(
            "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %s, MASTER_USER = 'replication',"
            " MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1",
            primary.port,
            self.passwords["replication"],
        )
        self.ask("START SLAVE")

    def catch_up(self, primary: "Server", *, seconds: float = STARTED_WITHIN_SECONDS) -> bool:
        """Wait until everything the primary holds by now is here; False when that takes too long."""
        position = primary.ask("SELECT @@gtid_binlog_pos AS position")[0]["position"]
        return self.ask("SELECT MASTER_GTID_WAIT(%s, %s) AS late", position, seconds)[0]["late"] == 0


def poll(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise MariaDBError(f"{what} took longer than {seconds} s")
        time.sleep(0.02)
