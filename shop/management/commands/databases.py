"""MariaDB at home: what a shop with replicas needs to be tried on one machine."""

import time
from argparse import RawDescriptionHelpFormatter

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from scaling import epochs
from scaling.stores import keep
from shop.mariadb import Cluster
from shop.mariadb_data import MariaDBError, MySQLdb
from shop.mariadb_promotion import promote
from shop.mariadb_server import Server

STARTED = """
# {count} servers run in {folder}; `manage.py databases stop` ends them.
# To use them: eval "$(./manage.py databases start)", then ./manage.py migrate && ./manage.py load_bakery
"""
EPILOG = """
start    start them, or those that are down, and print the settings to export
status   show each one: what it is, where it listens, its process, how far it has come
promote  make a replica the primary: the one that has come farthest, or the one at --port; a shop that runs goes on
         with the new one
stop     end them; what they hold is kept for the next start; nothing to stop is no error

They listen on the loopback address alone. Their files are in the folder `databases` of STATE_DIR.
"""


class Command(BaseCommand):
    help = "A private MariaDB primary and two replicas that follow it by GTID, for development."
    requires_system_checks = ()

    def create_parser(self, *args, **options):
        return super().create_parser(*args, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser) -> None:
        parser.add_argument("action", choices=["start", "status", "promote", "stop"], help="what to do, see below")
        parser.add_argument("--port", type=int, help="promote: take the replica that listens there")
        parser.add_argument(
            "--semi-sync",
            action="store_true",
            help="start: answer a commit once a replica has it, now and at each later start",
        )

    def handle(self, *, action: str, **options) -> None:
        folder = settings.STATE / "databases"
        if action == "stop" and not folder.exists():
            self.stdout.write("There are no databases here: nothing to stop.")
            return
        if action != "start" and not folder.exists():
            raise CommandError("There are no databases here yet: manage.py databases start makes them.")
        try:
            getattr(self, action)(Cluster(folder), **options)
        except MariaDBError as reason:
            raise CommandError(str(reason)) from None

    def start(self, cluster: Cluster, *, semi_sync: bool, **options) -> None:
        cluster.semi_sync |= semi_sync
        cluster.start()
        self.stderr.write(STARTED.format(count=len(cluster.servers), folder=cluster.folder).strip())
        for name, value in cluster.urls.items():
            self.stdout.write(f"export {name}={value}")

    def status(self, cluster: Cluster, **options) -> None:
        kind = "semi-synchronous" if cluster.semi_sync else "asynchronous"
        for server in cluster.servers:
            role = "primary" if server is cluster.primary else "replica"
            self.stdout.write(f"{role}  127.0.0.1:{server.port}  {standing(server)}")
        self.stdout.write(f"Replication is {kind}.")

    def promote(self, cluster: Cluster, *, port: int | None, **options) -> None:
        try:
            keep().ping()
        except RedisError:
            raise CommandError(
                "`keep` does not answer, so nobody could be told of another primary: open the shop first."
            ) from None
        began = time.monotonic()
        try:
            promote(cluster, port, epochs.begin, self.stdout.write)
        except (RedisError, epochs.EpochError, MySQLdb.Error) as error:
            raise CommandError(f"The promotion stopped half-way ({error}): run it once more.") from None
        self.stdout.write(f"Epoch {epochs.current().number} has begun; it took {time.monotonic() - began:.1f} s.")

    def stop(self, cluster: Cluster, **options) -> None:
        cluster.stop()
        self.stdout.write(f"The databases are stopped. What they hold is in {cluster.folder}.")


def standing(server: Server) -> str:
    if not server.answers():
        return "does not answer"
    position = server.ask("SELECT @@gtid_current_pos AS position")[0]["position"]
    return f"process {server.pid}  at {position or 'the beginning'}"
