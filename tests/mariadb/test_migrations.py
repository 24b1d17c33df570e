"""Migrations of columns that are there already: the release before goes on with them, as the lint sees it."""

from django.conf import settings

from shop.mariadb import QUICK, Cluster
from shop.mariadb_data import missing

from ..processes import python_of_the_shop
from ..servers import lacking, start_mariadb

LINTED = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
call_command("migrate", "products", "0006", verbosity=0)
call_command("lint_migrations")
call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("SHOW COLUMNS FROM products_document LIKE 'tags'")
    print(cursor.fetchone()[1])
"""

SLOW = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate
def alter(**_):
    with connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(3)")
        cursor.execute("SELECT @@lock_wait_timeout")
        print(cursor.fetchone()[0])
pre_migrate.connect(alter)
call_command("migrate", verbosity=0)
"""


def test_tags_of_any_length_are_nothing_that_the_release_before_could_not_bear(tmp_path):
    if reason := missing():
        lacking(reason)
    with start_mariadb(Cluster(tmp_path / "databases", replicas=0), *QUICK) as cluster:
        database = cluster.primary.url("shop")
        told = python_of_the_shop(
            LINTED, tmp_path, DATABASE_URL=database, CACHE_URL=settings.CACHE_URL, KEEP_URL=settings.KEEP_URL
        )
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[-1] == "longtext"


def test_a_table_may_be_altered_for_longer_than_anybody_else_waits_for_the_database(tmp_path):
    if reason := missing():
        lacking(reason)
    with start_mariadb(Cluster(tmp_path / "databases", replicas=0), *QUICK) as cluster:
        told = python_of_the_shop(
            SLOW,
            tmp_path,
            DATABASE_URL=cluster.primary.url("shop"),
            DB_TIMEOUT="1",
            CACHE_URL=settings.CACHE_URL,
            KEEP_URL=settings.KEEP_URL,
        )
    assert told.returncode == 0, told.stderr
    assert set(told.stdout.split()) == {"30"}
