"""A backup of a cluster that goes on serving, in a folder of its own: databases, files, `keep`, and its secrets.

The order matters. Rows first, files after them, so that every file that a row names is there; `keep` last, since no
row depends on it. What can be made again is left out: the cache, published pages, the broker's messages (the outbox
sends them again), static files and packages.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from shop.mariadb import Cluster
from shop.mariadb_data import MySQLdb
from shop.mariadb_server import Server

from . import history
from .databases import databases
from .environment import SECRETS, read, valkey_url, write
from .errors import ClusterError
from .places import CODE, Places
from .supervision import Supervisor, wait_for

DATA, FILES, KEEP, ENV, OWN_ENV, PASSWORDS, RELEASE = (
    "data",
    "files",
    "keep",
    "env",
    "own.env",
    "passwords",
    "RELEASE",
)
KEPT = (*SECRETS, "CLUSTER_HOSTS")  # of `shared/env`; ports and addresses belong to a place
APPENDED = "appendonlydir"  # where a Valkey keeps what it has been told
FOLLOWING = shutil.ignore_patterns("master*.info", "relay*", "multi-master.info")  # whose replica it was
MADE_AGAIN = shutil.ignore_patterns("published")
REWRITTEN_WITHIN_SECONDS = 120
Say = Callable[[str], None]


def back_up(where: Places, folder: Path, say: Say) -> None:
    """It is there as a whole or not at all. Raises ClusterError or MariaDBError."""
    if folder.resolve().is_relative_to(CODE):
        raise ClusterError(f"{folder} is in the checkout, where no secret belongs: name a folder elsewhere.")
    if folder.exists():
        raise ClusterError(f"{folder} is there already: a backup has a folder of its own.")
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700, parents=True)
    told, every = read(where.env), databases(where, Supervisor(where))
    copy_databases(every, beside / DATA, say)
    shutil.copytree(where.files, beside / FILES, ignore=MADE_AGAIN, copy_function=_copy_if_there)
    say("pictures and private files")
    copy_keep(where, valkey_url(told, "keep"), beside / KEEP)
    say("keep: sessions, baskets, tokens")
    copy_secrets(where, every, beside)
    beside.rename(folder)


def _copy_if_there(file: str, target: str) -> None:
    """Somebody may remove one meanwhile."""
    with suppress(FileNotFoundError):
        shutil.copy2(file, target)


def copy_databases(every: Cluster, target: Path, say: Say) -> None:
    """The data of a replica, which is stopped for it; the shop reads from the others meanwhile."""
    replica = next((server for server in every.replicas if server.answers()), None)
    if replica is None:
        raise ClusterError("No replica answers, and the primary is not stopped for a backup.")
    if not _is_level(every, replica):
        raise ClusterError(f"127.0.0.1:{replica.port} is too far behind: nothing has been copied.")
    position = replica.ask("SELECT @@gtid_current_pos AS position")[0]["position"]
    replica.stop()
    try:
        shutil.copytree(replica.folder / "data", target, ignore=FOLLOWING)
    finally:
        replica.start("replica")
        replica.wait()
    say(f"the databases at {position}, from 127.0.0.1:{replica.port}")


def _is_level(every: Cluster, replica: Server) -> bool:
    """Whether it holds all that the primary holds by now, as far as anybody can ask."""
    try:
        return replica.catch_up(every.primary)
    except MySQLdb.Error:
        return True  # the primary is dead, and what a replica holds is all there is


def copy_keep(where: Places, url: str, target: Path) -> None:
    """The files that it appends to, while it does not write them anew. What was cut off at the end is left out when
    they are read again."""
    try:
        with Redis.from_url(url) as keep:
            before = keep.config_get("auto-aof-rewrite-percentage")
            keep.config_set("auto-aof-rewrite-percentage", 0)
            try:
                wait_for(lambda: not _is_rewriting(keep), REWRITTEN_WITHIN_SECONDS, "keep's tidying up")
                shutil.copytree(where.shared / "keep" / APPENDED, target)
            finally:
                keep.config_set(*before.popitem())
    except RedisError as error:
        raise ClusterError(f"`keep` does not answer: {error}") from None


def _is_rewriting(keep: Redis) -> bool:
    told = keep.info("persistence")
    return bool(told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


def copy_secrets(where: Places, every: Cluster, target: Path) -> None:
    """The key that signed what is in it, passwords of the accounts that are in the databases, and which code ran."""
    told = read(where.env)
    write(target / ENV, {name: told[name] for name in KEPT})
    write(target / PASSWORDS, every.passwords)
    if where.own_env.exists():
        shutil.copy(where.own_env, target / OWN_ENV)
    (target / RELEASE).touch(mode=0o600)
    (target / RELEASE).write_text(told_of_the_code(where))


def told_of_the_code(where: Places) -> str:
    """Its name first, for whoever restores it; then when that was, and what to check out."""
    release = history.current(where)
    commit = history.commit_of(where, release) or "unknown: it was made of no checkout"
    return f"{release} {time.strftime('%Y-%m-%d %H:%M:%S %z')}\ncommit {commit}\n"
