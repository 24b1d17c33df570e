"""One MariaDB server on the loopback address: started, asked, told whom to follow, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .mariadb_data import SCHEMA, DictCursor, MariaDBError, MySQLdb, as_this_user, program
from .valkeys import COMPOSE

STARTED_WITHIN_SECONDS = 30
STOPPED_WITHIN_SECONDS = 30
CONNECTED_WITHIN_SECONDS = 2
ACCEPTED_WITHIN_SECONDS = 10


class Server:
    """One server. It need not have been started by this process."""

    def __init__(self, folder: Path, number: int, port: int, passwords: dict[str, str]) -> None:
        self.folder, self.number, self.port, self.passwords = folder, number, port, passwords
        self.process: subprocess.Popen | None = None

    def start(self, role: str, *options: str) -> None:
        """Start it in the background, as "primary" or "replica"; `wait` tells when it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command(role, *options), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def command(self, role: str, *options: str) -> list[str]:
        """What starts it in the foreground."""
        temporary = self.folder / "tmp"  # its own: a server that starts removes whatever it finds there
        temporary.mkdir(mode=0o700, exist_ok=True)
        return [
            program("mariadbd"),
            f"--defaults-file={COMPOSE / f'mariadb-{role}' / 'my.cnf'}",
            *as_this_user(),
            f"--datadir={self.folder / 'data'}",
            f"--tmpdir={temporary}",
            f"--pid-file={self.folder / 'pid'}",
            "--socket=socket",  # in the data directory; a whole path may be too long for a socket
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            f"--server-id={self.number}",
            *options,
        ]

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

    def ask(self, statement: str, *parameters: object, seconds: int = STARTED_WITHIN_SECONDS) -> list[dict]:
        """The rows of one statement, as the account that may do everything. It may take so many seconds, and waits
        for locks no longer than that."""
        connection = MySQLdb.connect(
            host="127.0.0.1",
            port=self.port,
            user="keeper",
            password=self.passwords["keeper"],
            connect_timeout=CONNECTED_WITHIN_SECONDS,
            read_timeout=seconds + 1,
            init_command=f"SET lock_wait_timeout = {seconds}",
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
            return bool(self.ask("SELECT 1", seconds=1))
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
        """Replicate from `primary`, from where it left off, also if it was the primary itself before."""
        self.ask("STOP SLAVE")
        self.ask("SET GLOBAL read_only = ON, rpl_semi_sync_master_enabled = OFF")
        self.ask("SET GLOBAL gtid_slave_pos = @@gtid_current_pos")
        self.ask(
            "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = %s, MASTER_USER = 'replication',"
            " MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1",
            primary.port,
            self.passwords["replication"],
        )
        self.ask("START SLAVE")

    def is_accepted(self) -> bool:
        """Whether its primary has what this one was at last; else it holds something that nobody else does."""

        def said() -> str:
            status = self.replication()
            if status["Slave_IO_Running"] == "No" and status["Last_IO_Errno"]:
                return "refused"
            return "accepted" if status["Master_Log_File"] else ""  # the first thing it is sent is that name

        return poll(said, ACCEPTED_WITHIN_SECONDS, f"an answer to {self.folder.name}") == "accepted"

    def replication(self) -> dict:
        """What it says of itself as a replica; empty when it is none."""
        return next(iter(self.ask("SHOW ALL SLAVES STATUS")), {})

    def lead(self, *, semi_sync: bool) -> None:
        """Replicate from nobody, and take writes."""
        self.ask("STOP SLAVE")
        self.ask("RESET SLAVE ALL")
        self.ask("SET GLOBAL rpl_semi_sync_master_enabled = %s", semi_sync)
        self.ask("SET GLOBAL read_only = OFF")

    def catch_up(self, primary: "Server", *, seconds: float = STARTED_WITHIN_SECONDS) -> bool:
        """Wait until everything the primary holds by now is here; False when that takes too long."""
        return self.reaches(primary.ask("SELECT @@gtid_binlog_pos AS position")[0]["position"], seconds)

    def reaches(self, position: str, seconds: float) -> bool:
        return self.ask("SELECT MASTER_GTID_WAIT(%s, %s) AS late", position, seconds)[0]["late"] == 0

    def fence(self) -> None:
        """Make sure that a server which does not answer never takes a write again: end its process, if it is ours."""
        try:
            pid = self.pid
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if f"--datadir={self.folder / 'data'}".encode() in command:
            os.kill(pid, signal.SIGKILL)
            poll(lambda: self._is_gone(pid), STOPPED_WITHIN_SECONDS, f"the end of {self.folder.name}")

    def _is_gone(self, pid: int) -> bool:
        if self.process:
            return self.process.poll() is not None
        return not Path(f"/proc/{pid}").exists()


def poll(condition: Callable[[], object], seconds: float, what: str) -> object:
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise MariaDBError(f"{what} took longer than {seconds} s")
        time.sleep(0.02)
    return value
