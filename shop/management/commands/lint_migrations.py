"""Migrations of a deploy may only add: the release before goes on with the same tables, and may be gone back to."""

from contextlib import redirect_stdout
from io import StringIO

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django_migration_linter import MigrationLinter

QUIET = ("ok", "ignore", "warning")


class Command(BaseCommand):
    help = "Refuse migrations that are not applied yet and would break the release that runs: see docs/deploys.md."
    requires_system_checks = ()

    def handle(self, **options) -> None:
        if not MigrationRecorder(connection).applied_migrations():
            self.stdout.write("No release has run here: there is nothing to break.")
            return
        if why := _faults():
            raise CommandError(f"A migration would break the release that runs: {why}. See docs/deploys.md.")
        self.stdout.write("The migrations that are not applied yet only add.")


def _faults() -> str:
    """What the release before could not bear; empty when there is nothing."""
    said = StringIO()
    with redirect_stdout(said):
        linter = MigrationLinter(only_unapplied_migrations=True, no_cache=True, quiet=QUIET)
        linter.lint_all_migrations()
    return " ".join(said.getvalue().replace("\n\t", " ").split()).replace("... ERR", ":") if linter.has_errors else ""
