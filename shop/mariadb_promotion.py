"""A replica becomes the primary: nothing that was acknowledged is lost, and the old one takes no write any more."""

from collections.abc import Callable

from .mariadb import Cluster
from .mariadb_data import MariaDBError
from .mariadb_server import Server

LOCKED_WITHIN_SECONDS = 5
CAUGHT_UP_WITHIN_SECONDS = 10


def promote(
    cluster: Cluster, port: int | None, announce: Callable[[str], None], say: Callable[[str], None]
) -> Server:
    """Make the replica at `port` the primary, or the one that has come farthest; the others follow it.

    `announce` is told host:port once it takes writes; `say` is told each step. With a primary that answers, nothing
    is lost. One that does not is ended for good, and what no replica had received is lost; with semi-synchronous
    replication nobody was told that it was done. Raises MariaDBError when none can be promoted.
    """
    old = cluster.primary
    chosen = _chosen(cluster, port)
    if old.answers():
        _hand_over(old, chosen)
        say(f"127.0.0.1:{old.port} takes no writes any more.")
    else:
        old.fence()
        say(f"127.0.0.1:{old.port} does not answer; it is ended.")
        _apply_received(chosen)
    others = [server for server in cluster.servers if server is not chosen and server.answers()]
    for server in others:
        server.follow(chosen)
    chosen.lead(semi_sync=cluster.semi_sync)
    cluster.promoted(chosen)
    announce(f"127.0.0.1:{chosen.port}")
    say(f"127.0.0.1:{chosen.port} is the primary; {len(others)} of {len(cluster.servers) - 1} others follow it.")
    return chosen


def _chosen(cluster: Cluster, port: int | None) -> Server:
    """The replica to promote: only one that has received as much as any other loses nothing."""
    received = {server: _received(server) for server in cluster.replicas if server.answers()}
    if not received:
        raise MariaDBError("No replica answers: there is none to promote.")
    farthest = max(received, key=lambda server: received[server])
    if port is None:
        return farthest
    for server in received:
        if server.port == port:
            if received[server] < received[farthest] and not cluster.primary.answers():
                raise MariaDBError(f"127.0.0.1:{farthest.port} has received more: promote that one.")
            return server
    raise MariaDBError(f"No replica answers at 127.0.0.1:{port}; manage.py databases status shows them.")


def _received(server: Server) -> int:
    """The number of the last transaction that it was sent."""
    return int(_received_gtid(server).rpartition("-")[2] or 0)


def _received_gtid(server: Server) -> str:
    status = server.replication()
    return status.get("Gtid_IO_Pos") or status.get("Gtid_Slave_Pos") or ""


def _hand_over(old: Server, new: Server) -> None:
    """Stop writing, and wait until the new one has everything; if that takes too long, go on as before."""
    old.ask("SET GLOBAL read_only = ON", seconds=LOCKED_WITHIN_SECONDS)
    if not new.catch_up(old, seconds=CAUGHT_UP_WITHIN_SECONDS):
        old.ask("SET GLOBAL read_only = OFF")
        raise MariaDBError(f"127.0.0.1:{new.port} is too far behind: nothing has changed.")


def _apply_received(server: Server) -> None:
    """What it was sent is safe in its relay log, and has to be in its tables before it writes itself."""
    position = _received_gtid(server)
    server.ask("START SLAVE SQL_THREAD")  # while the other thread runs: a start of both throws the relay log away
    if not server.reaches(position, CAUGHT_UP_WITHIN_SECONDS):
        raise MariaDBError(f"127.0.0.1:{server.port} does not get on with what it was sent; its log is {server.log}")
