"""An empty MariaDB data directory: the schema, the accounts, and what has to be installed to make it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

try:
    import MySQLdb
    from MySQLdb.cursors import DictCursor
except ImportError:  # the embedded shop needs none
    MySQLdb = DictCursor = None

SCHEMA = "shop"
# The shop's own account, one that can only read, one that replicas follow with, one that starts and promotes.
ACCOUNTS = ("shop", "reader", "replication", "keeper")


class MariaDBError(Exception):
    """Why the servers cannot be had, in one line that says what to do."""


def program(name: str) -> str | None:
    """Where it is. Servers are often where only root looks for programs."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def missing() -> str:
    """What is not installed, in one line that says how to get it; empty when all is there."""
    for name in ("mariadbd", "mariadb-install-db", "my_print_defaults"):
        if not program(name):
            return f"{name} is not installed (Debian: apt-get install mariadb-server-core mariadb-client-core)."
    if MySQLdb is None:
        return (
            "mysqlclient is not installed: .venv/bin/pip install -r requirements-production.txt"
            " (Debian: it wants default-libmysqlclient-dev, pkg-config, gcc and python3-dev)."
        )
    return ""


def install(data: Path, statements: list[str]) -> None:
    """Make a data directory whose first deeds are `statements`."""
    shutil.rmtree(data, ignore_errors=True)
    first = data.with_suffix(".sql")
    first.touch(mode=0o600)
    first.write_text(";\n".join(["FLUSH PRIVILEGES", *statements, ""]))
    command = [program("mariadb-install-db"), "--no-defaults", *as_this_user(), f"--datadir={data}"]
    options = ["--skip-test-db", "--skip-name-resolve", f"--extra-file={first}"]
    quick = ["--innodb-log-file-size=16M", "--innodb-flush-method=nosync"]
    with tempfile.TemporaryDirectory(dir=data.parent) as temporary:  # a server removes whatever it finds in its own
        words = [*command, *options, *quick, f"--tmpdir={temporary}"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    first.unlink()
    if done.returncode:
        raise MariaDBError(f"mariadb-install-db failed: {done.stderr.strip() or done.stdout.strip()}")


def accounts(passwords: dict[str, str]) -> list[str]:
    """The statements that make the schema and the accounts, each with the rights it needs and no others."""
    made = [f"CREATE USER {name}@127.0.0.1 IDENTIFIED BY '{passwords[name]}'" for name in ACCOUNTS]
    schemas = (SCHEMA, rf"test\_{SCHEMA}%")
    return [
        f"CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
        *made,
        *(f"GRANT ALL ON `{schema}`.* TO shop@127.0.0.1" for schema in schemas),
        *(f"GRANT SELECT ON `{schema}`.* TO reader@127.0.0.1" for schema in schemas),
        "GRANT SLAVE MONITOR, BINLOG MONITOR ON *.* TO shop@127.0.0.1, reader@127.0.0.1",
        "GRANT REPLICATION SLAVE ON *.* TO replication@127.0.0.1",
        "GRANT ALL ON *.* TO keeper@127.0.0.1 WITH GRANT OPTION",
    ]


def as_this_user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []
