"""The sampler in the catalogue: objects, documents and listings that were spoilt by hand are found and repaired."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.models import Outbox
from jobs.objects import sample
from jobs.triggers import suspended
from products.data import ARTICLES, CATEGORIES, JOURNAL, PRODUCTS, SHELF_TAGS, SHELVES, TAGS
from products.documents import SORTS, listing_key
from products.models import Article, Category, Document, Price, Product, Term
from products.shelf import listing_of, listing_under
from scaling import codec, comparing, findings
from scaling.kinds import registry
from scaling.listings import known
from scaling.sampler import LISTING, sampling
from scaling.stores import cache, keep

from ..factories import make_article, make_product, make_promotion, make_review, steve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(comparing, "IN_FLIGHT_SECONDS", 0)
    monkeypatch.setattr(comparing, "LOOK_AGAIN_SECONDS", 0)


@pytest.fixture
def shop():
    """Two products, an article, and all that follows from them, as workers leave it."""
    loaf, bagel = (
        make_product(tags=["Vegan"], texts={"story": "A day and a night."}),
        make_product("Bagel", price=190),
    )
    make_promotion(bagel, 150)
    make_article()
    built()
    return loaf, bagel


def built():
    """Everything that waits is done."""
    PRODUCTS.refresh(Product.objects.values_list("pk", flat=True))
    for kind in (CATEGORIES, SHELF_TAGS):
        kind.refresh(Category.objects.values_list("pk", flat=True))
    ARTICLES.refresh(Article.objects.values_list("pk", flat=True))
    for listing in (SHELVES, TAGS, JOURNAL, *(listing_of(None, "", sort) for sort in SORTS)):
        listing.rebuild()
    Outbox.objects.all().delete()


def run(*names):
    with sampling(names) as sampler:
        return sampler.run()


def told(result):
    return [(fault.name, fault.subject, fault.where, fault.what) for fault in result.faults]


def tally(name):
    return next(each for each in findings.tallies() if each.name == name)


def test_a_shop_that_workers_have_built_is_right(shop):
    result = run()
    assert told(result) == []
    assert result.later == 0
    assert {each.name: each.compared for each in findings.tallies()} == {
        "article": 1,
        "category": 1,
        "product": 2,
        "tags": 1,
        LISTING: 3 + len(SORTS),
    }


def test_a_price_that_was_changed_behind_everybodys_back_is_found(shop):
    loaf, _ = shop
    with suspended():
        Price.objects.filter(product=loaf).update(cents=600)
    assert [(name, where) for name, _, where, _ in told(run())] == [
        ("product", "cached"),
        ("product", "documents"),
    ]
    assert PRODUCTS.get(loaf.pk)["price"] == 600
    assert Document.objects.get(pk=loaf.pk).price == 600
    assert tally("product").repaired == 1
    assert told(run()) == []


def test_a_document_that_sorts_by_something_else_than_it_holds_is_found(shop):
    loaf, _ = shop
    Document.objects.filter(pk=loaf.pk).update(price=1, band="out")
    assert ("product", str(loaf.pk), "documents", "column band, column price") in told(run())
    assert Document.objects.get(pk=loaf.pk).price == 520


def test_a_document_with_other_data_is_found(shop):
    loaf, _ = shop
    data = Document.objects.get(pk=loaf.pk).data
    Document.objects.filter(pk=loaf.pk).update(data=data | {"name": "Rye"})
    assert told(run("product")) == [("product", str(loaf.pk), "documents", "name, card name")]
    assert Document.objects.get(pk=loaf.pk).data["name"] == loaf.name


def test_a_document_of_another_form_that_was_left_behind_is_found(shop):
    loaf, _ = shop
    Document.objects.filter(pk=loaf.pk).update(shape="older")
    assert told(run("product")) == []
    Document.objects.filter(pk=loaf.pk).update(version=1)
    assert told(run("product")) == [("product", str(loaf.pk), "documents", "version of another form")]
    assert Document.objects.get(pk=loaf.pk).shape == PRODUCTS.shape


@pytest.mark.parametrize(
    "spoil",
    [
        lambda terms: terms.filter(term="sourdough").delete(),
        lambda terms: terms.filter(term="sourdough").update(weight=1),
        lambda terms: terms.create(term="gluten", weight=8, product_id=terms.first().product_id),
    ],
    ids=["missing", "weighs otherwise", "should not be there"],
)
def test_a_word_that_search_does_not_find_it_by_or_should_not_is_found(shop, spoil):
    loaf, _ = shop
    wanted = sorted(Term.objects.values_list("product_id", "term", "weight"))
    spoil(Term.objects.filter(product_id=loaf.pk))
    assert told(run("product")) == [("product", str(loaf.pk), "documents", "words of search")]
    assert sorted(Term.objects.values_list("product_id", "term", "weight")) == wanted


def test_a_missing_document_is_found(shop):
    loaf, _ = shop
    Document.objects.filter(pk=loaf.pk).delete()
    assert told(run("product")) == [("product", str(loaf.pk), "documents", "has no document")]
    assert Document.objects.filter(pk=loaf.pk).exists()


def test_the_document_and_the_object_of_a_row_that_is_gone_are_found(shop):
    _, bagel = shop
    pk = bagel.pk
    with suspended():
        bagel.delete()
    assert [(subject, where) for _, subject, where, _ in told(run("product"))] == [
        (str(pk), "cached"),
        (str(pk), "documents"),
    ]
    assert PRODUCTS.get(pk) is None
    assert not Document.objects.filter(pk=pk, is_gone=False).exists()


@pytest.mark.parametrize("kind", [CATEGORIES, ARTICLES])
def test_an_object_in_the_cache_whose_row_is_gone_is_met_by_its_key(kind):
    article = make_article()
    row = article if kind is ARTICLES else Category.objects.create(name="Empty", slug="empty")
    kind.refresh([row.pk])
    pk = row.pk
    with suspended():
        row.delete()
    Outbox.objects.all().delete()
    assert told(run()) == [(kind.name, str(pk), "cached", "is there no more")]
    assert kind.peek(pk) is None


def test_a_category_that_shows_something_else_is_found(shop):
    category = Category.objects.get()
    stored = CATEGORIES.peek(category.pk)
    wrong = codec.pack(stored._replace(data=stored.data | {"name": "Cake"}))
    cache().hset(CATEGORIES.key(category.pk), f"s:{CATEGORIES.shape}", wrong)
    assert told(run()) == [("category", str(category.pk), "cached", "name")]
    assert CATEGORIES.get(category.pk)["name"] == category.name


def test_a_change_that_waits_in_the_outbox_is_not_counted(shop):
    loaf, _ = shop
    Product.objects.filter(pk=loaf.pk).update(name="Rye")
    result = run()
    assert told(result) == []
    assert result.later == 1
    assert PRODUCTS.get(loaf.pk)["name"] == loaf.name


def test_a_change_of_a_moment_ago_is_not_counted(shop, monkeypatch):
    monkeypatch.setattr(comparing, "IN_FLIGHT_SECONDS", 600)
    loaf, _ = shop
    Product.objects.filter(pk=loaf.pk).update(name="Rye")
    Outbox.objects.all().delete()
    assert told(run("product")) == []
    monkeypatch.setattr(comparing, "IN_FLIGHT_SECONDS", 0)
    assert [where for _, _, where, _ in told(run("product"))] == ["cached", "documents"]


# ---------------------------------------------------------------- listings


def spoilt(change):
    """What a run says of the listing of all products by price, after `change` was made to it."""
    key = listing_key(None, "", "price")
    change(key)
    return told(run(LISTING))


def test_a_wrong_score_in_a_listing_is_found_and_the_listing_dropped(shop):
    loaf, _ = shop
    key = listing_key(None, "", "price")
    member = f"country sourdough|{loaf.pk}"
    found = spoilt(lambda key: cache().zadd(key, {member: 1}))
    assert found == [(LISTING, key, "listings", f"{member} stands at 1, not at 520")]
    assert not cache().exists(key)
    assert (tally(LISTING).listings, tally(LISTING).repaired) == (1, 1)


def test_a_member_that_is_missing_is_found(shop):
    loaf, _ = shop
    member = f"country sourdough|{loaf.pk}"
    assert [what for *_, what in spoilt(lambda key: cache().zrem(key, member))] == [f"{member} is missing"]


def test_a_member_that_should_not_be_there_is_found(shop):
    found = spoilt(lambda key: cache().zadd(key, {"ghost|999": 1}))
    assert [what for *_, what in found] == ["ghost|999 should not stand there"]


def test_a_total_that_is_wrong_for_want_of_the_sentinel_is_found(shop):
    assert [what for *_, what in spoilt(lambda key: cache().zrem(key, ""))] == ["its sentinel is missing"]


def test_an_evicted_listing_is_not_wrong(shop):
    assert spoilt(lambda key: cache().delete(key)) == []


def test_the_shelves_and_the_journal_are_compared(shop):
    cache().zadd(SHELVES.key, {"0|77": 1})
    cache().zadd(JOURNAL.key, {"0|88": 1})
    assert {subject for _, subject, _, _ in told(run(LISTING))} == {SHELVES.key, JOURNAL.key}


def test_a_member_that_waits_in_the_outbox_is_not_counted(shop):
    Category.objects.update(position=9)
    assert told(run(LISTING)) == []
    Outbox.objects.all().delete()
    assert [subject for _, subject, _, _ in told(run(LISTING))] == [SHELVES.key, TAGS.key]


def test_what_is_right_at_the_second_look_is_not_wrong(shop, monkeypatch):
    key = listing_key(None, "", "price")
    cache().zadd(key, {"ghost|999": 1})
    monkeypatch.setattr(comparing.time, "sleep", lambda seconds: cache().zrem(key, "ghost|999"))
    assert told(run(LISTING)) == []
    assert cache().exists(key)


def test_a_listing_that_is_too_long_to_wait_for_is_left(shop):
    cache().zadd(listing_key(None, "", "price"), {"ghost|999": 1})
    with sampling([LISTING], longest=3) as sampler:
        result = sampler.run()
    assert (told(result), result.left, findings.cursor(LISTING)) == ([], 1, "")
    assert len(told(run(LISTING))) == 1


def test_which_listing_a_key_is():
    for category, tag, sort in ((None, "", "price"), (3, "vegan", "baked")):
        key = listing_key(category, tag, sort)
        assert listing_under(key).key == key
    for key in (
        "l:products:all::price:next",
        "l:products:all::price:lease",
        "l:products:x::price",
        "l:products:1::no",
    ):
        assert listing_under(key) is None
    assert known["l:shelves"]("l:shelves:next") is None


# ---------------------------------------------------------------- task and command


def test_a_full_round_meets_every_product_and_document(shop):
    _, bagel = shop
    pk = bagel.pk
    with suspended():
        bagel.delete()
    make_product("Rye")
    with sampling(["product"]) as sampler:
        assert sum(sampler.walk(PRODUCTS)) == 3
    assert [subject for _, subject, _, _ in told(sampler.result)] == [str(pk), str(pk)]


def away(self, command, check_health=True):
    raise RedisConnectionError("refused")


@pytest.mark.parametrize("server", ["CacheConnection", "KeepConnection"])
def test_with_a_server_away_the_task_gives_up_with_one_line(shop, monkeypatch, caplog, server):
    with monkeypatch.context() as patch:
        patch.setattr(f"scaling.xray.{server}.send_packed_command", away)
        sample()
    assert [record.getMessage() for record in caplog.records if "gives up" in record.getMessage()] == [
        "The sampler gives up until its next run: refused"
    ]
    assert findings.cursor("product") == ""
    sample()
    assert tally("product").compared == 2


def test_with_the_primary_down_the_task_gives_up(shop, monkeypatch, caplog):
    monkeypatch.setattr("scaling.monitor.Monitor.primary_is_down", lambda self: True)
    sample()
    assert "The sampler gives up until its next run" in caplog.text
    assert keep().keys("sampler:*") == []


def test_the_command_compares_a_share_or_all(shop, capsys):
    call_command("sample")
    assert capsys.readouterr().out.startswith("Compared ")
    call_command("sample", "product", "--all")
    assert capsys.readouterr().out == "Compared 2; nothing was wrong.\n"


def test_the_command_fails_when_anything_was_wrong(shop, capsys):
    loaf, _ = shop
    Document.objects.filter(pk=loaf.pk).delete()
    with pytest.raises(SystemExit) as end:
        call_command("sample", "--all")
    assert end.value.code == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("1 wrong in the documents; 1 repaired.")
    assert said[1:] == [f"  product {loaf.pk} (documents): has no document"]
    call_command("sample", "--all")


KINDS = "activity, article, category, friends, person, product, tags, listing"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cake"], f"There is no kind cake. There are {KINDS}."),
        (["pie", "cake"], f"There are no kinds cake, pie. There are {KINDS}."),
    ],
)
def test_the_command_knows_its_kinds(words, said, tmp_path):
    """All of the shop's, in a process of its own: here tests have imported what the command has to know by itself."""
    command = [sys.executable, "manage.py", "sample", *words]
    env = os.environ | {"STATE_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "settings.embedded"}
    told = subprocess.run(command, cwd=settings.ROOT, env=env, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (1, f"CommandError: {said}\n")


def test_all_is_everything_that_there_is(shop, capsys):
    make_review(shop[0], steve())
    built()
    call_command("sample", "--all")
    met = {each.name: each.compared for each in findings.tallies()}
    there = {name: kind.count() for name, kind in registry.items()}
    assert {name: met[name] for name in there} == there
    assert (min(there.values()), met[LISTING]) == (1, 3 + len(SORTS))
    assert len(there) == KINDS.count(",")
    call_command("sample", "person", "--all")
    assert capsys.readouterr().out.endswith("Compared 1; nothing was wrong.\n")


def test_with_the_cache_away_the_command_says_so_in_one_line(shop, monkeypatch):
    monkeypatch.setattr("scaling.xray.CacheConnection.send_packed_command", away)
    with pytest.raises(CommandError, match="Not everything was compared: refused"):
        call_command("sample")
