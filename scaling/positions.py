"""How far a database's log has come, in the words of each database.

A position names for each log how many transactions of it are there. MariaDB counts them by replication domain, MySQL
by the server that wrote them first. Both are asked through the same few functions of a `Log`; SQLite has no log, and
nobody is ever behind. What was run against real servers is MariaDB; the statements for MySQL are from its manual.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

Position = dict[str, int]


def merged(*positions: Position) -> Position:
    """The earliest position that has reached all of these."""
    whole: Position = {}
    for position in positions:
        for log, number in position.items():
            whole[log] = max(number, whole.get(log, 0))
    return whole


def covers(reached: Position, asked: Position) -> bool:
    """Whether who is at `reached` has everything up to `asked`."""
    return all(reached.get(log, 0) >= number for log, number in asked.items())


@dataclass(frozen=True, slots=True)
class Replication:
    """What a server says of its own replication. `trouble` is why it cannot be read from, or empty."""

    position: Position
    trouble: str = ""
    is_replica: bool = True


class Log(ABC):
    """What is asked of a server about its log. Every function takes an open connection and is one round trip."""

    @abstractmethod
    def last_written(self, connection: BaseDatabaseWrapper) -> Position:
        """A position that holds everything this connection has committed."""

    @abstractmethod
    def current(self, connection: BaseDatabaseWrapper) -> Position:
        """The position of a primary."""

    @abstractmethod
    def replication(self, connection: BaseDatabaseWrapper) -> Replication:
        """How a replica is doing."""

    @abstractmethod
    def wait(self, connection: BaseDatabaseWrapper, position: Position, seconds: float) -> bool:
        """Whether a replica reaches `position` within so many seconds. A primary must not be asked: it would wait."""


class NoLog(Log):
    """SQLite: one file for everybody."""

    def last_written(self, connection: BaseDatabaseWrapper) -> Position:
        return {}

    def current(self, connection: BaseDatabaseWrapper) -> Position:
        return {}

    def replication(self, connection: BaseDatabaseWrapper) -> Replication:
        return Replication({})

    def wait(self, connection: BaseDatabaseWrapper, position: Position, seconds: float) -> bool:
        return True


class MariaDB(Log):
    """GTIDs are domain-server-number, and numbers rise within a domain, whichever server writes."""

    def last_written(self, connection: BaseDatabaseWrapper) -> Position:
        return self.parse(_value(connection, "SELECT @@last_gtid"))

    def current(self, connection: BaseDatabaseWrapper) -> Position:
        return self.parse(_value(connection, "SELECT @@gtid_binlog_pos"))

    def replication(self, connection: BaseDatabaseWrapper) -> Replication:
        row = _row(connection, "SHOW ALL SLAVES STATUS")
        if not row:
            return Replication(self.current(connection), is_replica=False)
        has_given_up = row["Slave_IO_Running"] == "No"  # while the primary is away it is “Connecting”
        trouble = row["Last_SQL_Error"] or (row["Last_IO_Error"] if has_given_up else "")
        return Replication(self.parse(row["Gtid_Slave_Pos"]), trouble)

    def wait(self, connection: BaseDatabaseWrapper, position: Position, seconds: float) -> bool:
        return _value(connection, "SELECT MASTER_GTID_WAIT(%s, %s)", self.text(position), seconds) == 0

    def text(self, position: Position) -> str:
        """As the server reads it. It compares numbers within a domain; which server is named does not matter."""
        return ",".join(f"{domain}-1-{number}" for domain, number in position.items())

    def parse(self, text: str) -> Position:
        gtids = (gtid.strip().split("-") for gtid in (text or "").split(",") if gtid.strip())
        return merged(*({domain: int(number)} for domain, _, number in gtids))


class MySQL(Log):
    """GTID sets: a source's name and the intervals of what it wrote. No variable tells what one session wrote last,
    so all that is executed stands for it. Each source's last number is kept: a set with a hole is waited for."""

    def last_written(self, connection: BaseDatabaseWrapper) -> Position:
        return self.current(connection)

    def current(self, connection: BaseDatabaseWrapper) -> Position:
        return self.parse(_value(connection, "SELECT @@GLOBAL.gtid_executed"))

    def replication(self, connection: BaseDatabaseWrapper) -> Replication:
        row = _row(connection, "SHOW REPLICA STATUS")
        if not row:
            return Replication(self.current(connection), is_replica=False)
        has_given_up = row["Replica_IO_Running"] == "No"
        trouble = row["Last_SQL_Error"] or (row["Last_IO_Error"] if has_given_up else "")
        return Replication(self.parse(row["Executed_Gtid_Set"]), trouble)

    def wait(self, connection: BaseDatabaseWrapper, position: Position, seconds: float) -> bool:
        statement = "SELECT WAIT_FOR_EXECUTED_GTID_SET(%s, %s)"
        return _value(connection, statement, self.text(position), seconds) == 0

    def text(self, position: Position) -> str:
        return ",".join(f"{source}:1-{number}" for source, number in position.items())

    def parse(self, text: str) -> Position:
        """What a source wrote under a tag (8.4) is a log of its own."""
        position: Position = {}
        for each in filter(None, re.sub(r"\s", "", text or "").split(",")):
            source, *parts = each.split(":")
            log = source
            for part in parts:
                if re.fullmatch(r"\d+(-\d+)?", part):
                    position[log] = int(part.split("-")[-1])
                else:
                    log = f"{source}:{part}"
        return position


def log_of(connection: BaseDatabaseWrapper) -> Log:
    """The log of this connection's kind of database."""
    if connection.vendor != "mysql":
        return NoLog()
    return MariaDB() if connection.mysql_is_mariadb else MySQL()  # type: ignore[attr-defined]


def _value(connection: BaseDatabaseWrapper, statement: str, *parameters: str | float) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchone()[0]


def _row(connection: BaseDatabaseWrapper, statement: str) -> dict[str, Any]:
    """The first row by the names of its columns; empty when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return dict(zip((column[0] for column in cursor.description), row, strict=True)) if row else {}
