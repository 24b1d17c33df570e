"""Django's own migrate, which makes the triggers at its end: that they differ is no reason for it to refuse.

A large table is altered for longer than a visitor waits: who stopped listening would not learn that it is done. But
whoever waits for a lock has everybody else on that table wait behind, which must have an end soon.
"""

from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from jobs.triggers import about_to_be_made, adding_only

ALTERED_WITHIN_SECONDS = 3_600
LOCKED_WITHIN_SECONDS = 30


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        told = "Remove no trigger: another release runs on and needs its own. The next migrate without it does."
        parser.add_argument("--keep-triggers", action="store_true", help=told)

    def handle(self, *args: Any, keep_triggers: bool, **options: Any) -> None:
        _be_patient(connections[options["database"]])
        with adding_only() if keep_triggers else nullcontext():
            super().handle(*args, **options)

    def check(self, *args: Any, **options: Any) -> None:
        with about_to_be_made():
            super().check(*args, **options)


def _be_patient(connection: BaseDatabaseWrapper) -> None:
    """Of a connection that is open already, as in a test, the time-out stays."""
    if connection.vendor != "mysql":
        return
    connection.settings_dict["OPTIONS"]["read_timeout"] = ALTERED_WITHIN_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SET lock_wait_timeout = %s", [LOCKED_WITHIN_SECONDS])
