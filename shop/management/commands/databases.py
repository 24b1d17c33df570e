"""MariaDB at home: what a shop with replicas needs to be tried on one machine."""

from argparse import RawDescriptionHelpFormatter

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shop.mariadb import Cluster
from shop.mariadb_data import MariaDBError
from shop.mariadb_server import Server

STARTED = """
# {count} servers run in {folder}; `manage.py databases stop` ends them.
# To use them: eval "$(./manage.py databases start)", then ./manage.py migrate && ./manage.py load_bakery
"""
EPILOG = """
start    start them, or those that are down, and print the settings to export
status   show each one: what it is, where it listens, its process, how far it has come
stop     end them; what they hold is kept for the next start

They listen on the loopback address alone. Their files are in the folder `databases` of STATE_DIR.
"""


class Command(BaseCommand):
    help = "A private MariaDB primary and two replicas that follow it by GTID, for development."
    requires_system_checks = ()

    def create_parser(self, *args, **options):
        return super().create_parser(*args, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser) -> None:
        parser.add_argument("action", choices=["start", "status", "stop"])

    def handle(self, *, action: str, **options) -> None:
        folder = settings.STATE / "databases"
        if action != "start" and not folder.exists():
            raise CommandError("There are no databases here yet: manage.py databases start makes them.")
        try:
            getattr(self, action)(Cluster(folder))
        except MariaDBError as reason:
            raise CommandError(str(reason)) from None

    def start(self, cluster: Cluster) -> None:
        cluster.start()
        self.stderr.write(STARTED.format(count=len(cluster.servers), folder=cluster.folder).strip())
        for name, value in cluster.urls.items():
            self.stdout.write(f"export {name}={value}")

    def status(self, cluster: Cluster) -> None:
        for server in cluster.servers:
            role = "primary" if server is cluster.primary else "replica"
            self.stdout.write(f"{role}  127.0.0.1:{server.port}  {standing(server)}")

    def stop(self, cluster: Cluster) -> None:
        cluster.stop()
        self.stdout.write(f"The databases are stopped. What they hold is in {cluster.folder}.")


def standing(server: Server) -> str:
    if not server.answers():
        return "does not answer"
    position = server.ask("SELECT @@gtid_current_pos AS position")[0]["position"]
    return f"process {server.pid}  at {position or 'the beginning'}"
