"""Which stores are read and written while documents move, and that no writer is too late to hear of it.

The next store is a second SQL database here.
"""

from types import SimpleNamespace

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError

from products import documents, moving, phases
from products.data import PRODUCTS
from products.document_models import DocumentMove
from products.documents.stores import of
from products.move_checks import check_documents
from products.moving import Phase, Standing
from products.store_names import SQL, UnknownStoreError, name_of
from scaling.stores import cache
from scaling.xray import measured

from .two_stores import NAME, NEXT, URL, another_database, build, change, five_loaves, prices, two_stores  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return five_loaves()


# ---------------------------------------------------------------- who is read, who is written


def test_before_a_move_the_store_of_the_settings_is_read_and_written():
    assert (moving.reads(), list(moving.writes())) == (DEFAULT_DB_ALIAS, [DEFAULT_DB_ALIAS])


def test_each_phase_says_who_is_read_and_who_is_written():
    phases.begin(NAME)
    assert (moving.reads(), list(moving.writes())) == (DEFAULT_DB_ALIAS, [DEFAULT_DB_ALIAS, NEXT])
    phases.switch()
    assert (moving.reads(), list(moving.writes())) == (NEXT, [NEXT, DEFAULT_DB_ALIAS])
    phases.finish()
    assert (moving.reads(), list(moving.writes())) == (NEXT, [NEXT])


def test_a_step_back_reads_the_former_store_and_a_second_one_leaves_the_next():
    phases.begin(NAME)
    phases.switch()
    phases.back()
    assert (moving.reads(), list(moving.writes())) == (DEFAULT_DB_ALIAS, [DEFAULT_DB_ALIAS, NEXT])
    phases.back()
    assert list(moving.writes()) == [DEFAULT_DB_ALIAS]
    with pytest.raises(phases.MoveError, match="Nothing is being moved"):
        phases.back()


def test_a_reader_asks_at_most_once_a_second(monkeypatch):
    moving.reads()
    with measured() as cost:
        moving.reads()
    assert sum(cost.sql.values()) == 0
    phase_of_another_process(Standing(Phase.SWITCHED, "default", NAME))
    assert moving.reads() == DEFAULT_DB_ALIAS
    monkeypatch.setattr(moving, "REMEMBERED_SECONDS", -1)
    moving.ask()
    assert moving.reads() == NEXT


def test_a_process_that_knows_one_store_never_asks_which_to_read(settings):
    settings.NEXT_DOCUMENTS_URL = ""
    with measured() as cost:
        assert moving.reads() == DEFAULT_DB_ALIAS
    assert sum(cost.sql.values()) == 0


def test_a_writer_asks_once_for_a_batch(shop):
    list(moving.writes())
    with measured() as cost:
        list(moving.writes())
    assert sum(cost.sql.values()) == 1


def test_with_the_primary_away_a_reader_keeps_what_it_knows(monkeypatch):
    phases.begin(NAME)
    phases.switch()
    monkeypatch.setattr(moving, "REMEMBERED_SECONDS", 0)
    monkeypatch.setattr("scaling.monitor.Monitor.primary_is_down", lambda self: True)
    assert moving.reads() == NEXT


def test_before_the_first_migration_nothing_was_moved(monkeypatch):
    def no_table():
        raise ProgrammingError(1146, "Table 'products_documentmove' doesn't exist")

    monkeypatch.setattr(DocumentMove.objects, "first", no_table)
    assert moving.reads() == DEFAULT_DB_ALIAS


def test_a_process_that_was_not_told_of_the_store_finishes_no_change(shop, settings):
    """The one that is read it does write; the change stays to be done, for one that knows both."""
    phases.begin(NAME)
    settings.NEXT_DOCUMENTS_URL = ""
    moving.forget()
    change(shop[0], 777)
    stored = set(cache().mget(objects := cache().keys("o:product:*")))
    with pytest.raises(UnknownStoreError, match=f"The documents are in {NAME}"):
        build(shop[0])
    assert prices(DEFAULT_DB_ALIAS)[shop[0].pk] == 777
    assert set(cache().mget(objects)) == stored


def phase_of_another_process(standing):
    DocumentMove.objects.update_or_create(
        pk=1, defaults={"phase": standing.phase, "source": standing.source, "target": standing.target}
    )


# ---------------------------------------------------------------- writers who are late


def test_a_writer_that_began_in_the_phase_before_writes_the_next_store_as_well(shop):
    """It has chosen where to write, and stands still while the move begins."""
    change(shop[0], 777)
    built = PRODUCTS.assemble_all([shop[0].pk])
    stores = documents.stores.written()
    next(stores).write(built, PRODUCTS.shape)
    phase_of_another_process(Standing(Phase.BOTH, "default", NAME))
    for store in stores:
        store.write(built, PRODUCTS.shape)
    assert prices(NEXT) == {shop[0].pk: 777}


def test_with_the_next_store_away_a_change_is_not_done_and_the_one_that_is_read_is_right(shop, monkeypatch):
    phases.begin(NAME)
    change(shop[0], 777)
    monkeypatch.setattr(documents.stores, "of", lambda alias: Away() if alias == NEXT else of(alias))
    with pytest.raises(OperationalError, match="refused"):
        build(shop[0])
    assert prices(DEFAULT_DB_ALIAS)[shop[0].pk] == 777
    monkeypatch.undo()
    build(shop[0])
    assert prices(NEXT) == {shop[0].pk: 777}


class Away:
    def write(self, built, shape):
        raise OperationalError("refused")


# ---------------------------------------------------------------- settings and row


def test_a_name_holds_no_password_no_options_and_no_engine():
    assert name_of(URL) == name_of(f"djongo+{URL}") == NAME
    assert name_of("mongodb://a:27017,b:27017/shop") == "mongodb://a:27017,b:27017/shop"


def test_a_check_refuses_settings_that_do_not_know_where_the_documents_are(settings):
    phases.begin(NAME)
    settings.NEXT_DOCUMENTS_URL = ""
    (found,) = check_documents(["default"])
    assert (found.id, found.msg) == ("products.E001", f"The documents are in {NAME}, and no setting says so.")


def test_a_check_that_may_not_ask_a_database_asks_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert check_documents(None) == []


def test_a_check_reminds_of_the_deploy_after_a_move():
    assert check_documents(["default"]) == []
    phases.begin(NAME)
    phases.switch()
    assert check_documents(["default"]) == []
    phases.finish()
    (found,) = check_documents(["default"])
    assert found.id == "products.W001"


def test_another_address_alone_moves_nothing(settings):
    moving.note_first()
    settings.DOCUMENTS_URL, settings.NEXT_DOCUMENTS_URL = URL, ""
    moving.forget()
    assert moving.reads() == DEFAULT_DB_ALIAS
    (found,) = check_documents(databases=["default"])
    assert (found.id, found.msg) == (
        "products.W001",
        f"The documents are in default, and DOCUMENTS_URL names {NAME}.",
    )


@pytest.fixture
def waits(monkeypatch):
    """Each wait of a step: for how long, and in which phase the move was meanwhile."""
    waited = []
    monkeypatch.setattr(phases, "HEARD_SECONDS", 5)

    def sleep(seconds):
        waited.append((seconds, moving.ask().phase))

    monkeypatch.setattr(phases, "time", SimpleNamespace(sleep=sleep))
    return waited


def test_the_end_is_not_come_to_before_every_reader_has_heard(waits):
    phases.begin(NAME)
    phases.switch()
    phases.finish()
    assert waits == [(5, Phase.SWITCHED)]


def test_nor_is_the_next_store_left_before(waits):
    phases.begin(NAME)
    phases.switch()
    phases.back()
    assert waits == []
    phases.back()
    assert waits == [(5, Phase.BOTH)]


def test_the_tables_are_read_once_their_replicas_have_followed(waits, settings):
    settings.REPLICAS, settings.REPLICA_LAG_SECONDS = ["replica"], 7
    settings.DOCUMENTS_URL, settings.NEXT_DOCUMENTS_URL = URL, "default"
    moving.forget()
    phases.begin(SQL)
    phases.switch()
    assert waits == [(7, Phase.BOTH)]


def test_who_has_compared_a_move_that_was_begun_anew_since_then_switches_nothing():
    compared = phases.begin(NAME)
    phases.back()
    phases.begin(NAME)
    with pytest.raises(phases.MoveError, match="Somebody else"):
        phases.switch(compared)
    assert moving.ask().phase == Phase.BOTH


def test_who_takes_a_step_that_somebody_else_has_taken_is_told(monkeypatch):
    phases.begin(NAME)
    standing = moving.ask()
    phases.switch()
    monkeypatch.setattr(moving, "ask", lambda: standing)
    with pytest.raises(phases.MoveError, match="Somebody else"):
        phases.switch()
