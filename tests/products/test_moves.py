"""`manage.py documents --move`: from one store to the next while both are written, and nothing is lost in between."""

from types import SimpleNamespace

import pytest
from django.core.management import CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from products import copying, documents, moving, phases, walks
from products.data import PRODUCTS
from products.document_models import DocumentMove, DocumentWalk
from products.documents.stores import of
from products.models import Document, Price, Product
from products.move_checks import check_documents
from products.moving import Phase
from products.store_names import AwayError, UnknownStoreError, names
from scaling import fleet
from scaling.fleet import WEB, Member

from .two_stores import NAME, NEXT, URL, another_database, build, change, command, five_loaves, prices, two_stores  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(copying, "LOOK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(copying, "BATCH", 2)


@pytest.fixture
def shop():
    return five_loaves()


@pytest.fixture
def deploy(settings, monkeypatch):
    """Have the same two stores under other aliases."""

    def change_settings(url, next_url):
        monkeypatch.setitem(connections.databases, "documents", connections.databases[NEXT])
        monkeypatch.setattr(connections._connections, "documents", connections[NEXT], raising=False)
        settings.DOCUMENTS_URL, settings.NEXT_DOCUMENTS_URL = url, next_url
        moving.forget()

    return change_settings


def differing(*products):
    ids = [product.pk for product in products] or list(Product.objects.values_list("pk", flat=True))
    return copying.differing_of(ids, of(DEFAULT_DB_ALIAS), of(NEXT))


def test_a_move_copies_compares_and_switches(shop):
    said = command("--move").splitlines()
    assert said[0] == f"{NAME} is written as well from now on."
    assert said[1].startswith("Copied 5 in ")
    assert (said[2].startswith("Compared 5 in "), said[2].endswith(": 0 differed.")) == (True, True)
    assert said[3].startswith(f"{NAME} is read now, and both are written.")
    assert moving.reads() == NEXT
    assert prices(NEXT) == prices(DEFAULT_DB_ALIAS)
    assert PRODUCTS.durable([shop[0].pk])[shop[0].pk].data["price"] == 500


def test_what_is_written_while_it_copies_is_not_replaced(shop, monkeypatch):
    """A worker builds what the copier has read and not written yet."""
    store = type(of(NEXT))
    put = store.put

    def after_a_worker(self, rows):
        rows = list(rows)
        for row in rows:
            Price.objects.filter(product=row["product_id"]).update(cents=900 + row["product_id"])
            PRODUCTS.refresh([row["product_id"]])
        put(self, rows)

    monkeypatch.setattr(store, "put", after_a_worker)
    command("--move")
    assert prices(NEXT) == prices(DEFAULT_DB_ALIAS) == {product.pk: 900 + product.pk for product in shop}


def test_one_that_was_stopped_goes_on(shop, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(walks.Walk, "step", step_and_stop)
        with pytest.raises(CommandError, match=r"Stopped\. manage\.py documents --move goes on"):
            command("--move")
    assert command().splitlines()[-1].startswith("They are being moved: default is read, and mongodb://")
    said = command("--move").splitlines()
    assert said[0] == f"Goes on after product {shop[1].pk}: 2 were copied before."
    assert said[1].startswith("Copied 3 in ")
    assert prices(NEXT) == prices(DEFAULT_DB_ALIAS)


def step_and_stop(walk, place, count):
    walk.place, walk.done = place, walk.done + count
    walk._note(place=walk.place, done=walk.done)
    raise KeyboardInterrupt


def test_what_the_next_store_has_wrong_is_repaired_before_it_is_read(shop):
    phases.begin(NAME)
    build(*shop)
    Document.objects.using(NEXT).filter(pk=shop[0].pk).update(price=1)
    Document.objects.using(NEXT).filter(pk=shop[1].pk).update(data={"price": 1})
    Document.objects.using(NEXT).filter(pk=shop[2].pk).update(version=1)
    Document.objects.using(NEXT).filter(pk=shop[3].pk).delete()
    DocumentWalk.objects.update_or_create(pk="move", defaults={"of": f"default {NAME}"})
    assert "Compared 5" in command("--move")
    assert differing() == []
    assert moving.reads() == NEXT


def test_what_is_gone_is_gone_in_the_next_store_as_well(shop):
    pk = shop[0].pk
    shop[0].delete()
    PRODUCTS.refresh([pk])
    Document.objects.using(NEXT).create(
        **{**Document.objects.filter(pk=shop[1].pk).values().get(), "product_id": pk, "version": 1}
    )
    command("--move")
    assert Document.objects.using(NEXT).get(pk=pk).is_gone


def test_a_store_that_holds_what_is_newer_is_not_switched_to(shop):
    row = Document.objects.filter(pk=shop[0].pk).values().get()
    Document.objects.using(NEXT).create(**row | {"version": 2**60})
    with pytest.raises(CommandError, match=rf"1 still differ after 5 passes, as product {shop[0].pk}"):
        command("--move")
    assert moving.reads() == DEFAULT_DB_ALIAS


def test_what_is_changed_all_the_time_does_not_keep_it_from_its_end(shop, monkeypatch):
    """At every look one store is ahead of the other."""
    command("--move")
    command("--back")
    cents = iter(range(1000, 2000))

    def a_writer_in_between(seconds):
        change(shop[0], next(cents))
        build(shop[0])
        change(shop[0], next(cents))
        of(DEFAULT_DB_ALIAS).write(PRODUCTS.assemble_all([shop[0].pk]), PRODUCTS.shape)

    a_writer_in_between(0)
    monkeypatch.setattr(copying, "time", SimpleNamespace(sleep=a_writer_in_between))
    assert differing(shop[0]) == []


def test_no_more_than_a_batch_is_read_at_once(shop, monkeypatch):
    sizes, store = [], type(of(NEXT))
    whole = store.whole
    monkeypatch.setattr(store, "whole", lambda self, ids: sizes.append(len(ids)) or whole(self, ids))
    command("--move")
    assert max(sizes) == 2


def test_a_dry_run_says_what_it_would_do_and_does_nothing(shop):
    assert command("--move", "--dry-run").splitlines() == [
        f"Would copy 5 documents from default to {NAME} (0 there),",
        "write both meanwhile, compare them, and have the latter read. Nothing was done.",
    ]
    assert not DocumentMove.objects.exists()


def test_after_the_end_the_former_store_is_left_alone(shop):
    command("--move")
    assert command("--finish").splitlines() == [
        f"{NAME} alone is written; nothing is being moved.",
        "At the next deploy its address goes into DOCUMENTS_URL, and NEXT_DOCUMENTS_URL goes away.",
    ]
    change(shop[0], 777)
    build(shop[0])
    assert (prices(NEXT)[shop[0].pk], prices(DEFAULT_DB_ALIAS)[shop[0].pk]) == (777, 500)


def test_a_process_that_was_not_told_of_the_next_store_keeps_it_from_being_written(shop):
    fleet.tell(Member(WEB, "web1", "r2", 0.0, "rye", 11, knows=names()))
    fleet.tell(Member(WEB, "web2", "r1", 0.0, "rye", 12))
    with pytest.raises(CommandError, match=f"Not told of {NAME}: web2. Restart them"):
        command("--move")
    assert list(moving.writes()) == [DEFAULT_DB_ALIAS]


def test_and_one_that_came_later_from_being_read_and_from_the_end(shop, monkeypatch):
    command("--move")
    command("--back")
    fleet.tell(Member(WEB, "web2", "r1", 0.0, "rye", 12))
    with pytest.raises(CommandError, match="Not told of"):
        command("--move")
    assert moving.ask().phase == Phase.BOTH
    with monkeypatch.context() as patch:
        patch.setattr(phases, "fleet", list)
        phases.switch()
    with pytest.raises(CommandError, match="Not told of"):
        command("--finish")
    assert moving.ask().phase == Phase.SWITCHED


def test_and_after_the_next_deploy_the_settings_say_what_the_row_says(shop, deploy):
    command("--move")
    command("--finish")
    deploy(URL, "")
    assert (moving.reads(), list(moving.writes())) == ("documents", ["documents"])
    assert check_documents(["default"]) == []


def test_back_to_the_tables_is_a_move_like_any_other(shop, deploy):
    command("--move")
    command("--finish")
    change(shop[0], 777)
    build(shop[0])
    deploy(URL, "default")
    command("--move")
    command("--finish")
    assert prices(DEFAULT_DB_ALIAS)[shop[0].pk] == 777
    assert (moving.reads(), list(moving.writes())) == (DEFAULT_DB_ALIAS, [DEFAULT_DB_ALIAS])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--finish"], "Nothing is being moved."),
        (["--back"], "Nothing is being moved."),
    ],
)
def test_a_step_that_cannot_be_taken_says_why(words, why):
    with pytest.raises(CommandError, match=why):
        command(*words)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "NEXT_DOCUMENTS_URL names no store to move to"),
        ("default", "The documents are in default already"),
    ],
)
def test_a_move_to_nowhere_is_refused(settings, url, why):
    settings.NEXT_DOCUMENTS_URL = url
    with pytest.raises(CommandError, match=why):
        command("--move")


def test_another_engine_for_the_same_store_is_no_move(settings):
    settings.DOCUMENTS_URL = f"djongo+{URL}"
    with pytest.raises(CommandError, match=f"The documents are in {NAME} already"):
        command("--move")


def test_a_next_store_that_does_not_answer_is_not_written(shop, monkeypatch):
    def refuse(self):
        raise OperationalError("refused")

    monkeypatch.setattr(type(of(NEXT)), "prepare", refuse)
    with pytest.raises(CommandError, match=r"What is needed does not answer \(refused\)\."):
        command("--move")
    assert list(moving.writes()) == [DEFAULT_DB_ALIAS]


def test_a_writer_that_slept_through_a_whole_move_writes_the_store_that_is_read(shop):
    change(shop[0], 777)
    built = PRODUCTS.assemble_all([shop[0].pk])
    stores = documents.stores.written()
    next(stores)
    command("--move")
    command("--finish")
    moving.forget()
    for store in stores:
        store.write(built, PRODUCTS.shape)
    assert prices(NEXT)[shop[0].pk] == 777


def test_a_writer_that_died_before_it_asked_is_met_by_the_comparison(shop, monkeypatch):
    command("--move")
    command("--back")
    change(shop[0], 777)
    of(DEFAULT_DB_ALIAS).write(PRODUCTS.assemble_all([shop[0].pk]), PRODUCTS.shape)
    assert differing(shop[0]) == [shop[0].pk]
    said = command("--move")
    assert ": 1 differed." in said
    assert ": 0 differed." in said
    assert prices(NEXT) == prices(DEFAULT_DB_ALIAS)


def test_settings_are_adopted_when_a_store_is_lost(shop, settings):
    command("--move")
    command("--finish")
    settings.NEXT_DOCUMENTS_URL = ""
    assert command("--adopt").splitlines() == [
        "default alone is written; nothing is being moved.",
        "What it lacks --rebuild builds.",
    ]
    assert moving.reads() == DEFAULT_DB_ALIAS
    assert check_documents(["default"]) == []


def test_who_does_not_know_an_adopted_store_finishes_no_change(shop, settings, deploy):
    deploy(URL, "")
    command("--adopt")
    settings.DOCUMENTS_URL = ""
    moving.forget()
    change(shop[0], 777)
    with pytest.raises(UnknownStoreError):
        build(shop[0])


def test_a_store_that_does_not_answer_is_not_adopted(shop, monkeypatch):
    def refuse(self):
        raise AwayError("next does not answer")

    command("--move")
    monkeypatch.setattr(type(of(NEXT)), "prepare", refuse)
    with pytest.raises(CommandError, match=r"^next does not answer\.$"):
        command("--adopt")
    assert moving.ask().phase == Phase.SWITCHED


def test_a_dry_run_that_fails_has_begun_nothing_to_go_on_with(shop, monkeypatch):
    monkeypatch.setattr("products.moves.count", lambda *words: (_ for _ in ()).throw(AwayError("away")))
    with pytest.raises(CommandError, match=r"^away\.$"):
        command("--move", "--dry-run")
