"""Migrations of a deploy may only add. On MariaDB the same is tried by the deploys of tests/cluster."""

import itertools

import pytest
from django.core.management import CommandError, call_command

from ..processes import python_of_the_shop

NUMBERS = itertools.count(1)
MIGRATION = """from django.db import migrations, models
from django_migration_linter import IgnoreMigration


class Migration(migrations.Migration):
    dependencies = [{dependencies}]
    operations = [{operations}]
"""
FIELDS = {
    "id": "models.BigAutoField(primary_key=True)",
    "name": "models.TextField()",
    "note": "models.TextField(null=True)",
}
LOAF = f"migrations.CreateModel('Loaf', [{', '.join(f'({name!r}, {field})' for name, field in FIELDS.items())}])"

IN_AN_EMPTY_DATABASE = """
import django
django.setup()
from django.core.management import call_command
call_command("lint_migrations")
"""


@pytest.fixture
def write(tmp_path, monkeypatch, settings, transactional_db):
    """Make an app whose second migration does these, and apply nothing. Each is another app: modules are kept."""

    def _write(*operations):
        app = f"madeup{next(NUMBERS)}"
        folder = tmp_path / app / "migrations"
        folder.mkdir(parents=True)
        for package in (folder, folder.parent):
            (package / "__init__.py").touch()
        first = MIGRATION.format(dependencies="", operations=LOAF)
        second = MIGRATION.format(dependencies=f"({app!r}, '0001_first')", operations=", ".join(operations))
        (folder / "0001_first.py").write_text(first)
        (folder / "0002_second.py").write_text(second.replace("APP", app))
        monkeypatch.syspath_prepend(tmp_path)
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, app]

    return _write


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ("migrations.RemoveField('loaf', 'note')", "DROPPING"),
        ("migrations.RenameField('loaf', 'note', 'remark')", "RENAMING"),
        ("migrations.DeleteModel('Loaf')", "DROPPING"),
        ("migrations.RenameModel('Loaf', 'Bread')", "RENAMING"),
        ("migrations.AddField('loaf', 'weight', models.IntegerField(default=1))", "NOT NULL"),
    ],
)
def test_what_the_release_before_could_not_bear_is_refused(write, operation, why):
    write(operation)
    with pytest.raises(CommandError, match=r"A migration would break the release that runs: .*0002_second") as told:
        call_command("lint_migrations")
    assert why in str(told.value).upper()
    assert str(told.value).endswith("See docs/deploys.md.")


# `db_default` is taken for a fault on SQLite, where a column is added by making its table anew.
@pytest.mark.parametrize(
    "operations",
    [
        ["migrations.AddField('loaf', 'weight', models.IntegerField(null=True))"],
        ["migrations.CreateModel('Roll', [('id', models.BigAutoField(primary_key=True))])"],
        ["IgnoreMigration()", "migrations.RemoveField('loaf', 'note')"],
    ],
)
def test_what_only_adds_passes_and_so_does_what_somebody_answers_for(write, operations, capsys):
    write(*operations)
    call_command("lint_migrations")
    assert "only add" in capsys.readouterr().out


def test_what_has_been_done_already_is_no_matter(db, capsys):
    call_command("lint_migrations")
    assert "only add" in capsys.readouterr().out


def test_where_no_release_has_run_there_is_nothing_to_break(tmp_path):
    told = python_of_the_shop(IN_AN_EMPTY_DATABASE, tmp_path)
    assert told.returncode == 0, told.stderr
    assert "nothing to break" in told.stdout


def test_what_a_migration_imports_is_installed_wherever_the_shop_runs(settings):
    assert "\ndjango-migration-linter==" in (settings.ROOT / "requirements.txt").read_text()
