"""`publish` and `pages`: whoever runs the shop publishes at once, and sees what there is and why."""

import datetime
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from jobs import publishing
from jobs.management.commands import pages as pages_command
from jobs.management.commands import publish as publish_command
from jobs.models import Page, PageUse
from jobs.pages import enqueue_pages
from products.data import PRODUCTS
from products.models import Product
from scaling import pages, settings
from scaling.addresses import path_of
from scaling.progress import Bar
from scaling.sites import site
from scaling.xray import measured
from tests.factories import make_article, make_category, make_price, make_product
from tests.shop.people import work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_folder")]


def said_by(command, *words):
    said = io.StringIO()
    call_command(command, *words, stdout=said)
    return said.getvalue()


def failing(command, *words):
    """What it said before it ended with status 1."""
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(command, *words, stdout=said)
    assert ended.value.code == 1
    return said.getvalue()


@pytest.fixture
def broken(monkeypatch):
    """The journal cannot be rendered."""

    render = pages.render

    def fail(path):
        if path == "/journal/":
            raise ValueError("No ink\nat all")
        return render(path)

    for module in (pages, publishing):
        monkeypatch.setattr(module, "render", fail)


def test_all_that_there_should_be_is_published(pages_folder):
    make_product(), make_article()
    said = said_by("publish", "--all")
    wanted = list(site().all())
    assert {path_of(name) for name in pages_folder.names()} == set(wanted)
    assert re.fullmatch(rf"{len(wanted)} published, 0 gone, 0 failed in [\d.]+ s: \d+ pages a second\.\n", said)
    assert pages_folder.pointed() == ""


def test_more_than_a_batch_is_published(pages_folder, monkeypatch):
    monkeypatch.setattr(publishing, "BATCH", 2)
    for name in ("Bread", "Cakes", "Rolls"):
        make_category(name)
    said_by("publish", "--all")
    assert {path_of(name) for name in pages_folder.names()} == set(site().all())


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_named_is_published_and_one_that_is_not_there_is_gone(pages_folder):
    loaf = make_product()
    path = loaf.get_absolute_url()
    assert said_by("publish", path, path).startswith("1 published, 0 gone, 0 failed")
    Product.objects.update(is_published=False)
    PRODUCTS.refresh([loaf.pk])
    assert said_by("publish", path).startswith("0 published, 1 gone, 0 failed")
    assert list(pages_folder.names()) == []


def test_a_page_that_fails_is_named_and_the_rest_goes_on(pages_folder, broken):
    said = failing("publish", "--all")
    assert "failed   /journal/: ValueError: No ink at all\n" in said
    there = {path_of(name) for name in pages_folder.names()}
    assert there == set(site().all()) - {"/journal/"}
    assert f"{len(there)} published, 0 gone, 1 failed" in said
    assert Page.objects.get(path="/journal/").error == "ValueError: No ink\nat all"


def test_what_somebody_else_publishes_meanwhile_is_counted_apart(monkeypatch):
    monkeypatch.setattr(publishing, "publish", lambda paths: {})
    assert "0 failed, 1 by somebody else meanwhile in" in said_by("publish", "/")


def test_a_server_that_is_away_is_one_clear_line(monkeypatch):
    def away(paths):
        raise OperationalError("gone away")

    monkeypatch.setattr(publishing, "publish", away)
    with pytest.raises(CommandError, match="does not answer: gone away"):
        call_command("publish", "/")


def test_the_pointer_moves_once_all_is_published(pages_folder):
    assert "The pages of release embedded are served from now on.\n" in said_by("publish", "/", "--point")
    assert pages_folder.pointed() == "embedded"


def test_the_pointer_moves_alone(pages_folder):
    assert said_by("publish", "--point") == "The pages of release embedded are served from now on.\n"
    assert pages_folder.pointed() == "embedded"
    assert list(pages_folder.names()) == []


def test_what_waits_is_published_before_the_pointer_moves(pages_folder):
    enqueue_pages([("embedded", "/shelves/")])
    assert pages_folder.read("shelves/index.html") is None
    said_by("publish", "--point")
    assert pages_folder.read("shelves/index.html")
    assert pages_folder.pointed() == "embedded"


def test_the_pointer_stays_when_a_page_has_failed(pages_folder, broken):
    assert "served from now on" not in failing("publish", "/", "/journal/", "--point")
    assert pages_folder.pointed() == ""


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "Name pages, or say --all"),
        (["--dry-run"], "Name pages, or say --all"),
        (["/", "--all"], "Name pages, or say --all, and not both"),
        (["/", "--dry-run", "--point"], "leave --point out"),
        (["/", "/?sort=price"], re.escape("“/?sort=price” is no path that can be published")),
        (["nowhere"], "“nowhere” is no path"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(pages_folder, words, why):
    with pytest.raises(CommandError, match=why):
        call_command("publish", *words)
    assert list(pages_folder.names()) == []
    assert not Page.objects.exists()


def test_nothing_is_published_while_that_is_off(settings, pages_folder):
    settings.PUBLISH = "off"
    with pytest.raises(CommandError, match="PUBLISH is off"):
        call_command("publish", "--all")
    assert list(pages_folder.names()) == []


def test_a_page_that_is_not_wanted_is_refused(settings):
    settings.PUBLISH = "3"
    with pytest.raises(CommandError, match="not among the pages that are published while PUBLISH is 3"):
        call_command("publish", make_product().get_absolute_url())


def state_of(folder):
    """Every file, and everything that is known of pages."""
    files = {str(file): file.read_bytes() for file in folder.root.rglob("*") if file.is_file()}
    return files, list(Page.objects.values()), list(PageUse.objects.values())


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_tells_the_differences_and_writes_nothing(pages_folder):
    loaf, rye, article = make_product(), make_product("Rye"), make_article()
    paths = [one.get_absolute_url() for one in (loaf, rye, article)]
    said_by("publish", *paths)
    make_price(loaf, 777)
    Product.objects.filter(pk=rye.pk).update(is_published=False)
    PRODUCTS.refresh([loaf.pk, rye.pk])
    paths.append(make_article("A second one").get_absolute_url())
    before = state_of(pages_folder)
    assert said_by("publish", *paths, "--dry-run") == (
        f"changed  {paths[0]}\ngone     {paths[1]}\nnew      {paths[3]}\n"
        "1 new, 1 changed, 1 gone, 1 same, 0 failed. Nothing was written.\n"
    )
    assert state_of(pages_folder) == before


def test_a_dry_run_tells_what_would_fail(pages_folder, broken):
    said = failing("publish", "--dry-run", "/journal/", "/products/999-none/")
    assert said.startswith("failed   /journal/: ValueError: No ink at all\n")
    assert "1 same, 1 failed" in said
    assert not Page.objects.exists()


def test_the_bar_goes_to_its_end(monkeypatch):
    steps = []
    monkeypatch.setattr(Bar, "step", lambda self, count=1: steps.append((self.total, count)))
    monkeypatch.setattr(publishing, "BATCH", 2)
    said_by("publish", "/", "/shelves/", "/journal/")
    said_by("publish", "/", "/shelves/", "--dry-run")
    assert steps == [(3, 2), (3, 1), (2, 1), (2, 1)]


def test_long_answers_end_with_how_many_more_there_are(monkeypatch):
    monkeypatch.setattr(publish_command, "SHOWN", 1)
    said = said_by("publish", "--dry-run", "/", "/shelves/", "/journal/")
    assert said.splitlines()[:2] == ["new      /", "… and 2 more"]


def lines(said):
    return [line.split() for line in said.splitlines()]


def test_the_table_tells_age_size_times_and_what_a_page_is_made_of():
    loaf = make_product()
    path = loaf.get_absolute_url()
    said_by("publish", path), said_by("publish", path)
    row = Page.objects.get(path=path)
    objects = len(set(row.uses.filter(first__lt=0).values_list("subject", flat=True)))
    slices = row.uses.filter(first__gte=0).count()
    head, told = lines(said_by("pages"))
    assert head == ["age", "size", "times", "objects", "slices", "page"]
    assert told[1:] == ["s", f"{row.size / 1000:.1f}", "kB", "2", str(objects), str(slices), path]
    assert objects


def test_a_failed_page_is_told_with_its_reason(broken):
    said_by("publish", "/")
    failing("publish", "/journal/")
    assert "failed 0 s ago: ValueError: No ink at all" in said_by("pages")
    only = said_by("pages", "--failed")
    assert "/journal/" in only
    assert "not yet" in only
    assert len(only.splitlines()) == 3


def test_it_is_told_since_when_a_page_has_failed(broken):
    failing("publish", "/journal/")
    Page.objects.update(failed_at=timezone.now() - datetime.timedelta(hours=2))
    failing("publish", "/journal/")
    assert "failed 2 h ago" in said_by("pages", "--failed")


def test_where_nothing_is_it_says_so():
    assert said_by("pages") == "No page is published.\n"
    assert said_by("pages", "--failed") == "No page has failed.\n"


def test_the_table_is_bounded_and_all_of_it_is_there_for_who_asks(monkeypatch):
    monkeypatch.setattr(pages_command, "SHOWN", 2)
    monkeypatch.setattr(pages_command, "CHUNK", 2)
    said_by("publish", "/", "/shelves/", "/journal/")
    assert lines(said_by("pages"))[-1][:4] == ["…", "and", "1", "more:"]
    assert len(lines(said_by("pages"))) == 4
    assert [line[-1] for line in lines(said_by("pages", "--all"))] == ["page", "/", "/journal/", "/shelves/"]


def test_a_page_that_is_named_is_told_line_by_line(monkeypatch):
    loaf = make_product()
    path = loaf.get_absolute_url()
    said_by("publish", path)
    assert re.match(rf"{re.escape(path)}  [\d.]+ kB, published once, \d+ s ago\n", said_by("pages", path))
    PageUse.objects.create(page=Page.objects.get(path=path), subject="l:z", first=0, last=23, total=40)
    uses = [str(use) for use in PageUse.objects.order_by("subject", "first")]
    uses[uses.index("l:z 0 to 23")] += " of 40"
    assert any(f"product:{loaf.pk}" in use.split() for use in uses)
    told = said_by("pages", path)
    assert told.splitlines()[1:] == [f"  {use}" for use in uses]
    monkeypatch.setattr(pages_command, "SHOWN", 1)
    assert said_by("pages", path).splitlines()[1:] == [
        f"  {uses[0]}",
        f"… and {len(uses) - 1} more: --all shows them.",
    ]
    assert said_by("pages", path, "--all") == told


def test_a_page_that_nobody_knows_is_one_clear_line():
    with pytest.raises(CommandError, match="There is no page “/x/” of release embedded"):
        call_command("pages", "/x/")
    with pytest.raises(CommandError, match="and not both"):
        call_command("pages", "/x/", "--failed")


def test_pages_of_other_releases_are_not_told():
    Page.objects.create(release="older", path="/", size=1)
    assert said_by("pages") == "No page is published.\n"


@pytest.mark.django_db(transaction=True)
def test_a_process_that_publishes_remembers_nothing_of_what_it_has_read():
    """Workers and commands live long, and read more than there is memory."""
    make_product()
    work_off()
    with measured() as cost:
        said_by("publish", "--all")
        said_by("publish", "--all", "--dry-run")
        enqueue_pages([(settings.RELEASE, "/shelves/")])
        work_off()
    assert cost.objects == []
