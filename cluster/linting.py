"""Migrations of a deploy may only add: the release before goes on with the same tables, and may be gone back to."""

from contextlib import redirect_stdout
from io import StringIO

from django_migration_linter import MigrationLinter

from .errors import ClusterError

QUIET = ("ok", "ignore", "warning")


def lint() -> None:
    """Raises ClusterError with what the release before could not bear."""
    said = StringIO()
    with redirect_stdout(said):
        linter = MigrationLinter(only_unapplied_migrations=True, no_cache=True, quiet=QUIET)
        linter.lint_all_migrations()
    if linter.has_errors:
        told = " ".join(said.getvalue().replace("\n\t", " ").split()).replace("... ERR", ":")
        raise ClusterError(f"A migration would break the release that runs: {told}. See docs/deploys.md.")
