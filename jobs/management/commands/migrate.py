"""Django's own migrate, which makes the triggers at its end: that they differ is no reason for it to refuse.

A large table is altered for longer than a visitor waits. Whoever stopped listening would not learn that it is done.
"""

from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from jobs.triggers import about_to_be_made, adding_only

ALTERED_WITHIN_SECONDS = 3_600


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        told = "Remove no trigger: another release runs on and needs its own. The next migrate without it does."
        parser.add_argument("--keep-triggers", action="store_true", help=told)

    def handle(self, *args: Any, keep_triggers: bool, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.connection is None and "read_timeout" in connection.settings_dict["OPTIONS"]:
            connection.settings_dict["OPTIONS"]["read_timeout"] = ALTERED_WITHIN_SECONDS
        with adding_only() if keep_triggers else nullcontext():
            super().handle(*args, **options)

    def check(self, *args: Any, **options: Any) -> None:
        with about_to_be_made():
            super().check(*args, **options)
