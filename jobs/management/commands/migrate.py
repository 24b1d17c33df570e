"""Django's own migrate, which makes the triggers at its end: that they differ is no reason for it to refuse."""

from typing import Any

from django.core.management.commands import migrate

from jobs.triggers import about_to_be_made


class Command(migrate.Command):
    def check(self, *args: Any, **options: Any) -> None:
        with about_to_be_made():
            super().check(*args, **options)
