"""Every test meets two real, empty Valkeys, and a database whose replicas are the same one, opened read-only."""

import shutil
from pathlib import Path
from types import MethodType

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from jobs.models import Outbox
from products.document_models import DocumentMove
from products.models import Document
from scaling import lineage, monitor, pages
from scaling.behind import behind
from scaling.stores import cache, keep
from shop.mariadb import QUICK

from .mongo import mongo, start_mongo  # noqa: F401
from .servers import PATIENCE_SECONDS, start_mariadb, start_s3, start_valkey, stop, wait_until

# How long a visitor waits for others is a promise about a machine that keeps up. A machine that runs tests need not:
# whoever is to lose patience in a test is told so there.
WAITS = [
    "scaling.abreast.WAIT_SECONDS",
    "scaling.causal.WAIT_SECONDS",
    "scaling.checks.ANSWERED_WITHIN_SECONDS",
    "scaling.flights.PATIENCE_SECONDS",
    "scaling.health.SILENT_SECONDS",
    "scaling.misses.WAIT_SECONDS",
    "scaling.monitor.ANSWER_WITHIN_SECONDS",
    "scaling.retries.BEGUN_WITHIN_SECONDS",
]
LONGEST = ("tests/mariadb/test_pro", "tests/cluster/test_cluster", "tests/bench/")
MADE_BY_MIGRATE = ("django_content_type", "auth_permission")

hypothesis_settings.register_profile(
    "any machine", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def patience():
    """Nobody gives up on somebody else because the machine is slow."""
    with pytest.MonkeyPatch.context() as patch:
        for name in WAITS:
            patch.setattr(name, PATIENCE_SECONDS)
        yield


@pytest.fixture(scope="session", autouse=True)
def a_flush_of_rows_alone():
    """Emptying the tables after a test leaves what `migrate` has put there: to have everybody who hears of a
    migration look at the database again takes longer than most tests."""

    def of_rows(*args, **options):
        every = sql_flush(*args, **options)
        return [statement for statement in every if not any(table in statement for table in MADE_BY_MIGRATE)]

    sql_flush = flush.sql_flush
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", of_rows)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def valkeys():
    folder = Path(settings.STATE)
    (folder / "static").mkdir(parents=True)
    servers = {}
    try:
        servers["cache"] = start_valkey("cache", settings.CACHE_URL, folder)
        servers["keep"] = start_valkey("keep", settings.KEEP_URL, folder)
        yield servers
    finally:
        for server in servers.values():
            stop(server)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def empty_valkeys(valkeys):
    cache().flushall()
    run = keep().get(lineage.KEY)
    keep().flushall()
    if run:
        keep().set(lineage.KEY, run)  # or the next new connection would empty the cache
    yield
    assert behind.wait(PATIENCE_SECONDS), "what was begun behind an answer did not end"


@pytest.fixture
def cache_server(valkeys):
    """The process of `cache`."""
    return valkeys["cache"]


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """The address of a server that speaks S3."""
    with start_s3(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb(valkeys):
    """The servers of TEST_DATABASE (see `settings.test`), or None: then it is SQLite."""
    if settings.MARIADB is None:
        yield None
        return
    with start_mariadb(settings.MARIADB, *QUICK) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def documents_server(valkeys):
    """The MongoDB of TEST_DOCUMENTS, or None: then documents are in the database."""
    if settings.MONGO is None:
        yield None
        return
    with start_mongo(settings.MONGO) as server, pytest.MonkeyPatch.context() as patch:
        # It rolls nothing back. Here that is no reason to have the tables of every database emptied after each test.
        patch.setattr(connections[settings.DOCUMENTS].features, "supports_transactions", True)
        yield server


@pytest.fixture(autouse=True)
def no_documents(request, documents_server):
    """A rollback does not reach those that are not in the database."""
    if documents_server and request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        Document.objects.all().delete()


@pytest.fixture(scope="session", autouse=True)
def a_monitor_that_may_ask(mariadb, django_db_blocker):
    """Tests without a database are kept from it; the threads that watch the servers go on between them."""
    connection_to = monitor.connection_to

    def unblocked(alias):
        connection = connection_to(alias)
        connection.ensure_connection = MethodType(django_db_blocker._real_ensure_connection, connection)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitor, "connection_to", unblocked)
        yield
        if monitor._monitor:
            monitor._monitor.stop()


@pytest.fixture(autouse=True)
def replicas_in_service(mariadb, a_monitor_that_may_ask):
    """Whatever the test before has done to them, and the primary as well."""
    if mariadb:
        watched = monitor.monitor()
        wait_until(
            lambda: len(watched.in_service()) == len(settings.REPLICAS) and not watched.primary_is_down(),
            what="every server",
        )


@pytest.fixture
def pages_folder(settings, tmp_path):
    """Every page is published, into a folder of the test's own; that is the store."""
    storage = settings.STORAGES["published"]
    options = storage["OPTIONS"] | {"location": tmp_path / "pages"}
    settings.STORAGES = settings.STORAGES | {"published": storage | {"OPTIONS": options}}
    settings.PUBLISH = "all"
    pages.store.cache_clear()
    yield pages.store()
    pages.store.cache_clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    valkeys, mariadb, documents_server, a_monitor_that_may_ask, django_db_modify_db_settings
):
    """Migrations may speak to the Valkeys and to the store of documents, so they come first."""


@pytest.fixture(scope="session")
def django_db_setup(mariadb, django_db_setup, django_db_blocker):
    """A mirror copies the name alone: make the replica what it is in the shop, the same file opened read-only. What
    `migrate` notes no test relies on, since emptied tables have none of it."""
    with django_db_blocker.unblock():
        DocumentMove.objects.all().delete()
    if mariadb:
        return
    replica = connections["replica"]
    replica.close()
    replica.settings_dict["NAME"] = f"file:{connections['default'].settings_dict['NAME']}?mode=ro"


@pytest.fixture(autouse=True)
def an_empty_outbox(request):
    """Emptying the tables after a test fires their triggers, and what those add is nobody's."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        Outbox.objects.all().delete()


def pytest_collection_modifyitems(items):
    """The longest come first: nobody waits for them in the end. A test of the database may use every alias."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    for item in items:
        if marker := item.get_closest_marker("django_db"):
            arguments = {"databases": "__all__"} | marker.kwargs
            item.add_marker(pytest.mark.django_db(*marker.args, **arguments), append=False)
