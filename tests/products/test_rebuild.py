"""`manage.py documents --rebuild`: every document from the tables, behind the version, on from where it stopped."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError
from django.db import OperationalError, connections
from django.db.models.functions import Now

from jobs.models import Version
from jobs.triggers import suspended
from jobs.versions import versions_of
from products import rebuilding, walks
from products.data import PRODUCTS
from products.document_models import DocumentWalk
from products.models import Document, Price, Product, Term
from products.rebuilding import Faults, rebuild
from products.store_names import alias_of, configured
from products.walks import BusyError, walking
from scaling.stores import cache

from ..factories import make_product
from .two_stores import command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(rebuilding, "BATCH", 2)
    monkeypatch.setattr(walks, "AGAIN_SECONDS", 0)


@pytest.fixture
def shop():
    """Five products that nobody has built a document of."""
    return [make_product(f"Loaf {number}", price=500 + number) for number in range(5)]


@pytest.fixture
def dying(monkeypatch):
    """Have `PRODUCTS.persist` raise this instead of the n-th batch, and of some after it."""

    def die(error, batch, times=1):
        persist, batches = PRODUCTS.persist, iter(range(1, 100))

        def persist_or_die(built):
            if batch <= next(batches) < batch + times:
                raise error
            return persist(built)

        monkeypatch.setattr(PRODUCTS, "persist", persist_or_die)

    return die


def differing():
    """The ids of documents that are not as the tables say."""
    ids = sorted({*Product.objects.values_list("pk", flat=True), *Document.objects.values_list("pk", flat=True)})
    return [*PRODUCTS.unsound(PRODUCTS.assemble_all(ids))]


def test_every_document_is_built_and_a_product_that_is_gone_is_marked(shop):
    gone = shop.pop()
    PRODUCTS.refresh([gone.pk])
    with suspended():
        pk = gone.pk
        gone.delete()
    assert command("--rebuild").startswith("Built 5 in ")
    assert dict(Document.objects.values_list("pk", "is_gone")) == {product.pk: False for product in shop} | {pk: True}
    assert differing() == []
    assert not Term.objects.filter(product_id=pk).exists()


def test_a_spoilt_document_is_put_right(shop):
    command("--rebuild")
    Document.objects.filter(pk=shop[0].pk).update(price=1, data={})
    command("--rebuild")
    assert differing() == []
    assert Document.objects.get(pk=shop[0].pk).data["price"] == 500


def test_a_newer_document_stays(shop, monkeypatch):
    """A worker writes between the assembling and the writing of a batch."""
    loaf, assemble_all = shop[0], PRODUCTS.assemble_all

    def and_then_a_worker(ids):
        built = assemble_all(ids)
        if loaf.pk in ids:
            Price.objects.filter(product=loaf).update(cents=777)
            PRODUCTS.persist(assemble_all([loaf.pk]))
        return built

    monkeypatch.setattr(PRODUCTS, "assemble_all", and_then_a_worker)
    command("--rebuild")
    document = Document.objects.get(pk=loaf.pk)
    assert (document.price, document.version) == (777, versions_of("product", [loaf.pk], "default")[loaf.pk])


def test_nothing_is_stored_in_the_cache(shop):
    command("--rebuild")
    assert cache().keys("[ol]:*") == []


def test_no_more_than_a_batch_is_assembled_at_once(shop, monkeypatch):
    sizes, assemble = [], PRODUCTS.assemble
    monkeypatch.setattr(PRODUCTS, "assemble", lambda ids: sizes.append(len(ids)) or assemble(ids))
    command("--rebuild")
    assert sizes == [2, 2, 1]


def test_who_is_stopped_is_told_how_to_go_on_and_goes_on(shop, dying, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(PRODUCTS, "persist", PRODUCTS.persist)
        dying(KeyboardInterrupt(), 2)
        with pytest.raises(CommandError, match=r"Stopped\. manage\.py documents --rebuild goes on") as stop:
            command("--rebuild")
    assert stop.value.returncode == 130
    assert f"A rebuild has come to product {shop[1].pk} (2 so far)" in command()
    monkeypatch.undo()
    said = command("--rebuild").splitlines()
    assert said[0] == f"Goes on after product {shop[1].pk}: 2 were built before."
    assert said[1].startswith("Built 3 in ")
    assert differing() == []
    assert "A rebuild has come" not in command()


def test_one_slow_second_does_not_end_it(shop, dying):
    dying(OperationalError("timed out"), 2, times=walks.TRIES - 1)
    assert command("--rebuild").startswith("Built 5 in ")
    assert differing() == []


def test_a_database_that_is_away_ends_it_in_one_line(shop, dying):
    dying(OperationalError("gone away"), 3, times=walks.TRIES)
    with pytest.raises(CommandError, match=r"does not answer \(gone away\)\. manage\.py documents --rebuild goes on"):
        command("--rebuild")
    assert Document.objects.count() == 4


@pytest.fixture
def broken(monkeypatch):
    """Have the assembly of these products raise."""

    def break_(*products):
        assemble, ids = PRODUCTS.assemble, {product.pk for product in products}

        def assemble_or_raise(wanted):
            if ids & set(wanted):
                raise KeyError("price")
            return assemble(wanted)

        monkeypatch.setattr(PRODUCTS, "assemble", assemble_or_raise)

    return break_


def test_a_product_that_cannot_be_built_is_told_of_and_keeps_no_other_from_it(shop, broken, caplog):
    broken(shop[1], shop[4])
    with pytest.raises(CommandError, match=rf"2 could not be built, .* products {shop[1].pk}, {shop[4].pk}\."):
        command("--rebuild")
    assert set(Document.objects.values_list("pk", flat=True)) == {shop[0].pk, shop[2].pk, shop[3].pk}
    assert [record.exc_info[0] for record in caplog.records if "cannot be built" in record.message] == [KeyError] * 2


def test_when_one_product_after_the_other_fails_it_is_the_code_and_it_ends(shop, broken, monkeypatch):
    monkeypatch.setattr(rebuilding, "MOST_FAULTS", 3)
    broken(*shop)
    with pytest.raises(CommandError, match=r"3 products in a row cannot be built, the last for KeyError"):
        command("--rebuild")
    assert DocumentWalk.objects.get().place == shop[1].pk


def test_as_many_that_fail_among_others_do_not_end_it(shop, broken, monkeypatch):
    monkeypatch.setattr(rebuilding, "MOST_FAULTS", 2)
    broken(shop[0], shop[2], shop[4])
    with pytest.raises(CommandError, match="3 could not be built"):
        command("--rebuild")
    assert Document.objects.count() == 2


def test_documents_that_are_newer_than_restored_tables_are_counted_and_built_again(shop):
    command("--rebuild")
    newer = versions_of("product", [shop[0].pk], "default")[shop[0].pk] + 1000
    Document.objects.filter(pk=shop[0].pk).update(version=newer, price=1)
    Document.objects.filter(pk=shop[1].pk).update(version=7)
    Version.objects.filter(subject=f"product:{shop[1].pk}").delete()
    assert "older than their product: 0, newer: 2, of another form: 0." in command()
    command("--rebuild")
    assert differing() == []
    assert Document.objects.get(pk=shop[0].pk).price == 500
    assert versions_of("product", [shop[0].pk], "default")[shop[0].pk] == newer + 1
    assert "newer: 0" in command()


def test_it_can_be_told_to_begin_at_the_first_again(shop, dying):
    dying(KeyboardInterrupt(), 2)
    with pytest.raises(CommandError):
        command("--rebuild")
    assert command("--rebuild", "--from-start").startswith("Built 5 in ")


def test_of_another_form_it_begins_at_the_first_by_itself(shop, dying, monkeypatch):
    dying(KeyboardInterrupt(), 2)
    with pytest.raises(CommandError):
        command("--rebuild")
    monkeypatch.setattr(PRODUCTS, "shape", "another")
    assert command("--rebuild").startswith("Built 5 in ")
    assert set(Document.objects.values_list("shape", flat=True)) == {"another"}


def test_one_that_lives_is_left_alone(monkeypatch):
    with walking("rebuild") as walk:
        monkeypatch.setattr(walks, "time", SimpleNamespace(sleep=lambda seconds: walk.renew()))
        with pytest.raises(CommandError, match="Another process is at it, and has come past product 0"):
            command("--rebuild")


def test_of_one_that_was_killed_the_lease_is_waited_for(shop, monkeypatch):
    with walking("rebuild") as killed:
        killed.begin(rebuilding.of_now())
        next(rebuild(killed, Faults()))
    DocumentWalk.objects.update(lease_until=Now() + timedelta(hours=1))
    looks = []

    def an_hour_passes(seconds):
        looks.append(seconds)
        monkeypatch.setattr(walks, "Now", lambda: Now() + timedelta(hours=2))

    monkeypatch.setattr(walks, "time", SimpleNamespace(sleep=an_hour_passes))
    said = command("--rebuild").splitlines()
    assert said[:2] == [
        "Somebody is at it, or was killed at it: looking which …",
        f"Goes on after product {shop[1].pk}: 2 were built before.",
    ]
    assert looks == [walks.LOOK_AGAIN_SECONDS]


def test_one_that_stood_still_past_its_lease_stops(shop):
    with walking("rebuild") as walk:
        steps = rebuild(walk, Faults())
        next(steps)
        DocumentWalk.objects.update(lease_until=None)
        command("--rebuild")
        with pytest.raises(BusyError, match="Somebody else has taken this over"):
            next(steps)


def test_without_an_option_it_says_how_the_documents_are(shop):
    PRODUCTS.refresh([product.pk for product in shop[:3]])
    Document.objects.filter(pk=shop[0].pk).update(version=1)
    Document.objects.filter(pk=shop[1].pk).update(shape="another")
    store = configured()
    engine = connections[alias_of(store)].settings_dict["ENGINE"]
    assert command().splitlines() == [
        f"The documents are in {store}: 3, 0 of them gone. {engine} asks for them.",
        "Products without one: 2. Documents that are older than their product: 1, newer: 0, of another form: 1.",
        f"{store} alone is written; nothing is being moved.",
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [(["--from-start"], "goes with --rebuild"), (["--rebuild", "--dry-run"], "goes with --move")],
)
def test_options_that_do_not_go_together_are_refused(words, why):
    with pytest.raises(CommandError, match=why):
        command(*words)
