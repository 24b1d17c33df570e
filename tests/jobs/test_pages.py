"""Published pages: made of what they show, and made anew when that changes, and only then."""

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from jobs import moved, spreading
from jobs import pages as pages_index
from jobs.changes import CHANGES
from jobs.models import Outbox, Page, PageUse
from jobs.objects import refresh
from jobs.page_tasks import spread_task, tick
from jobs.pages import INDEX, enqueue_pages, publisher_of
from jobs.reconciling import drop_old_releases, reconcile
from products.data import CATEGORIES, PRODUCTS
from products.models import Article, Category, Product
from scaling import pages
from scaling.addresses import name_of, path_of
from scaling.folder import Folder
from scaling.reading import ABSENT
from scaling.stores import cache
from scaling.uses import Uses
from tests.factories import make_article, make_category, make_price, make_product, make_review, make_user
from tests.shop.people import work_off

pytestmark = pytest.mark.django_db(transaction=True)


def times():
    """How often each page was published that is there."""
    return dict(Page.objects.exclude(size=None).values_list("path", "times"))


def made_anew_by(change):
    """The pages that were published, or removed, because of it."""
    before = times()
    change()
    work_off()
    after = times()
    return {path for path in before | after if before.get(path) != after.get(path)}


def open_shop():
    work_off()
    reconcile()
    work_off()


def shelf(name, count, **changes):
    """A category of that many products, in the order of their names."""
    category = make_category(name)
    return category, [make_product(f"{name} {number:02}", category=category, **changes) for number in range(count)]


def text_of(folder, path):
    found = folder.read(name_of(path))
    return found and found[1].decode()


def test_every_page_that_is_the_same_for_everybody_is_published(pages_folder):
    product, article = make_product(), make_article()
    open_shop()
    paths = {"/", "/404.html", "/503.html", "/shelves/", "/journal/", "/sitemap.xml"}
    paths |= {product.get_absolute_url(), product.category.get_absolute_url(), article.get_absolute_url()}
    assert set(times()) == paths == {path_of(name) for name in pages_folder.names()}
    assert product.name in text_of(pages_folder, product.get_absolute_url())


def test_a_price_concerns_the_pages_that_show_the_product_and_no_other(pages_folder):
    rye, tart = make_product("Emmer loaf"), make_product("Walnut tart", category=make_category("Cakes"))
    tart.related.add(rye)
    make_article()
    open_shop()
    anew = made_anew_by(lambda: make_price(rye, 777))
    shown = {"/shelves/", rye.get_absolute_url(), rye.category.get_absolute_url()}
    assert anew == shown | {tart.get_absolute_url(), "/"}  # the best rated stands on the home page
    assert all("7.77" in text_of(pages_folder, path) for path in shown)


def test_a_change_of_nothing_that_is_shown_publishes_nothing(pages_folder):
    product = make_product(stock=9)
    open_shop()
    assert made_anew_by(lambda: product.stock.__class__.objects.update(quantity=8)) == set()


def test_a_new_product_moves_those_behind_it_and_all_that_count(pages_folder):
    category, _ = shelf("Buns", 30)
    other, _ = shelf("Tarts", 2)
    open_shop()
    anew = made_anew_by(lambda: make_product("Buns 27b", category=category))
    product = Product.objects.get(name="Buns 27b")
    url = category.get_absolute_url()
    assert anew >= {product.get_absolute_url(), url, f"{url}?page=2", "/shelves/", "/shelves/?page=2", "/sitemap.xml"}
    assert not {path for path in anew if path.startswith(other.get_absolute_url())}
    assert not {path for path in anew if path.startswith("/products/")} - {product.get_absolute_url()}
    assert "31" in text_of(pages_folder, url)


def test_a_page_that_does_not_count_stays_when_something_moves_behind_it(pages_folder):
    category, _ = shelf("Buns", 30, baked_at="05:00")
    open_shop()
    assert "/" in made_anew_by(lambda: make_product("Buns 00a", category=category, baked_at="04:00"))
    anew = made_anew_by(lambda: make_product("Late bun", category=category, baked_at="23:00"))
    assert "/" not in anew, "home shows the first of the day, and does not say how many there are"
    assert f"{category.get_absolute_url()}?page=2" in anew


def test_a_page_more_is_published_and_a_page_less_is_gone(pages_folder):
    category, _ = shelf("Buns", 24)
    open_shop()
    second = f"{category.get_absolute_url()}?page=2"
    assert second not in times()
    assert second in made_anew_by(lambda: make_product("Buns 99", category=category))
    assert "Buns 99" in text_of(pages_folder, second)
    assert second in made_anew_by(lambda: Product.objects.get(name="Buns 99").delete())
    assert text_of(pages_folder, second) is None
    assert second not in times()


def test_a_deleted_product_leaves_every_page(pages_folder):
    product, other = make_product("Emmer loaf"), make_product("Spelt")
    path = product.get_absolute_url()
    open_shop()
    anew = made_anew_by(product.delete)
    assert anew >= {path, "/shelves/", product.category.get_absolute_url(), "/sitemap.xml"}
    assert other.get_absolute_url() not in anew
    assert text_of(pages_folder, path) is None
    assert not [name for name in pages_folder.names() if "Emmer loaf" in text_of(pages_folder, path_of(name))]


def test_a_product_that_is_taken_off_comes_back(pages_folder):
    product = make_product("Emmer loaf")
    path = product.get_absolute_url()
    open_shop()
    made_anew_by(lambda: Product.objects.update(is_published=False))
    assert text_of(pages_folder, path) is None
    made_anew_by(lambda: Product.objects.update(is_published=True))
    assert "Emmer loaf" in text_of(pages_folder, path)


def test_a_product_that_moves_leaves_one_shelf_and_comes_to_another(pages_folder):
    product, _ = make_product("Emmer loaf"), make_product("Spelt")
    cakes = make_category("Cakes")
    open_shop()
    anew = made_anew_by(lambda: Product.objects.filter(pk=product.pk).update(category=cakes))
    old, new = product.category.get_absolute_url(), cakes.get_absolute_url()
    assert anew >= {old, new, product.get_absolute_url()}
    assert ("Emmer loaf" in text_of(pages_folder, old), "Emmer loaf" in text_of(pages_folder, new)) == (False, True)


def test_a_page_under_another_name_leaves_none_under_the_old(pages_folder):
    product = make_product("Emmer loaf")
    old = product.get_absolute_url()
    open_shop()
    made_anew_by(lambda: Product.objects.update(slug="mill-lane-rye"))
    new = Product.objects.get().get_absolute_url()
    assert (text_of(pages_folder, old), "Emmer loaf" in text_of(pages_folder, new)) == (None, True)


def test_a_category_renamed_is_renamed_on_every_page(pages_folder):
    product = make_product("Emmer loaf", category=make_category("Bread"))
    second, _ = shelf("Buns", 25)
    open_shop()
    made_anew_by(lambda: Category.objects.filter(pk=second.pk).update(name="Rolls", slug="rolls"))
    assert not [name for name in pages_folder.names() if "Buns</a>" in text_of(pages_folder, path_of(name))]
    url = Category.objects.get(pk=second.pk).get_absolute_url()
    assert {url, f"{url}?page=2"} <= set(times())
    assert not [path for path in times() if path.startswith(second.get_absolute_url())]
    assert "Rolls" in text_of(pages_folder, product.get_absolute_url())


def test_an_article_comes_out_in_the_journal_and_on_the_home_page(pages_folder):
    open_shop()
    anew = made_anew_by(make_article)
    assert {"/", "/journal/", Article.objects.get().get_absolute_url(), "/sitemap.xml"} <= anew


def test_a_long_listing_is_not_read_whole_for_a_price(pages_folder, monkeypatch):
    category, products = shelf("Buns", 30)
    open_shop()
    monkeypatch.setattr(moved, "SHORT", 1)
    read = []
    cut = moved.Listing.cut
    monkeypatch.setattr(moved.Listing, "cut", lambda self, *ranks: read.append(ranks) or cut(self, *ranks))
    anew = made_anew_by(lambda: make_price(products[26], 777))
    assert f"{category.get_absolute_url()}?page=2" in anew
    assert category.get_absolute_url() not in anew
    assert all(last - first < 24 for first, last in read)
    Product.objects.filter(pk=products[0].pk).update(name="Zwieback")
    PRODUCTS.refresh([products[0].pk])
    assert Outbox.objects.filter(task=moved.LOOK, subject__startswith="l:products:").exists()
    assert not CHANGES.are_published([])
    assert f"{category.get_absolute_url()}?page=2" in made_anew_by(
        lambda: Product.objects.filter(pk=products[0].pk).update(name="Zwieback")
    )


def test_while_the_cache_is_away_pages_are_made_of_what_is_durable(pages_folder, cache_server, monkeypatch):
    product = make_product("Emmer loaf")
    open_shop()
    make_price(product, 777)
    rows = list(Outbox.objects.filter(task="jobs.objects.refresh"))

    def away(*_):
        raise pages.CACHE_DOWN[0]("The server is away.")

    with monkeypatch.context() as outage:
        outage.setattr(PRODUCTS, "take", away)
        with pytest.raises(pages.CACHE_DOWN):
            refresh([[row.pk, row.subject] for row in rows])
    cache().flushall()
    for row in Outbox.objects.filter(task=publisher_of("embedded", later=False)):
        pages.publish([row.subject])
    assert "7.77" in text_of(pages_folder, product.get_absolute_url())


def test_what_changes_between_reading_and_noting_is_not_missed(pages_folder, monkeypatch):
    """Given a page that has never been published, so that no change finds it
    When its product changes after the publisher has read it, and is built before the page is noted
    Then the publisher looks again and puts the new page in place."""
    product = make_product("Emmer loaf")
    work_off()
    path, record, again = product.get_absolute_url(), type(INDEX).record, []

    def record_late(*args):
        if not again:
            again.append(make_price(product, 777))
            PRODUCTS.refresh([product.pk])
        return record(*args)

    monkeypatch.setattr(type(INDEX), "record", record_late)
    Page.objects.all().delete()
    pages.publish([path])
    assert "7.77" in text_of(pages_folder, path)


def test_who_has_drawn_an_older_number_notes_nothing(pages_folder):
    path = make_product().get_absolute_url()
    older, newer = INDEX.draw([path]), INDEX.draw([path])
    assert older < newer
    assert INDEX.record(newer, {path: Uses({("product:1", "whole"): "5"})}) == {path}
    assert INDEX.record(older, {path: Uses({("product:9", "whole"): "4"})}) == set()
    assert [str(use) for use in PageUse.objects.all()] == ["product:1 whole"]


def test_what_has_not_changed_is_not_written_again(pages_folder):
    path = make_product().get_absolute_url()
    open_shop()
    before = set(PageUse.objects.filter(page__path=path).values_list("pk", flat=True))
    pages.publish([path])
    assert set(PageUse.objects.filter(page__path=path).values_list("pk", flat=True)) == before


def test_a_page_that_fails_stays_as_it_was_and_is_told_of(pages_folder, monkeypatch):
    product, other = make_product("Emmer loaf"), make_product("Spelt")
    path = product.get_absolute_url()
    open_shop()
    before, count = pages_folder.read(name_of(path)), times()[other.get_absolute_url()]
    render = pages.render

    def fails(each):
        if each == path:
            raise ZeroDivisionError("no flour")
        return render(each)

    monkeypatch.setattr(pages, "render", fails)
    with pytest.raises(ZeroDivisionError):
        pages.publish([path, other.get_absolute_url()])
    page = Page.objects.get(path=path)
    assert (page.error, bool(page.failed_at)) == ("ZeroDivisionError: no flour", True)
    assert pages_folder.read(name_of(path)) == before
    assert times()[other.get_absolute_url()] == count + 1, "it holds up no other"
    monkeypatch.setattr(pages, "render", render)
    pages.publish([path])
    assert (Page.objects.get(path=path).error, Page.objects.get(path=path).failed_at) == ("", None)


def test_a_change_concerns_the_pages_of_every_release(pages_folder):
    product = make_product()
    open_shop()
    page = Page.objects.create(release="before", path="/shelves/", size=1)
    PageUse.objects.create(page=page, subject=f"product:{product.pk}", first=-1, last=-1, digest="")
    Outbox.objects.all().delete()
    PRODUCTS.refresh([product.pk])
    assert Outbox.objects.filter(task="jobs.pages.publish@before", subject="/shelves/").exists()


def test_releases_that_nobody_needs_are_dropped(pages_folder):
    now = timezone.now()
    Page.objects.create(release="long-gone", path="/", size=1, published_at=now - timezone.timedelta(days=9))
    Page.objects.create(release="before", path="/", size=1, published_at=now)
    enqueue_pages([("long-gone", "/"), ("before", "/")])
    drop_old_releases()
    assert set(Page.objects.values_list("release", flat=True)) == {"before"}
    assert set(Outbox.objects.values_list("task", flat=True)) == {publisher_of("before", later=False)}


def test_whatever_lies_in_the_folder_and_should_not_is_found(pages_folder):
    pages_folder.put("products/99-gone/index.html", b"gone", 1)
    product = make_product()
    open_shop()
    pages_folder.remove(name_of(product.get_absolute_url()), 2**61)
    assert "products/99-gone/index.html" not in set(pages_folder.names())


def test_a_page_that_is_gone_is_forgotten_after_a_day(pages_folder):
    product = make_product()
    path = product.get_absolute_url()
    open_shop()
    made_anew_by(product.delete)
    gone = Page.objects.filter(path=path)
    gone.update(published_at=timezone.now() - timezone.timedelta(hours=23))
    reconcile()
    assert gone.get().size is None
    gone.update(published_at=timezone.now() - timezone.timedelta(hours=25))
    reconcile()
    assert not gone.exists()


def test_where_nothing_is_published_any_more_nothing_is_left(pages_folder, settings):
    make_product()
    open_shop()
    settings.PUBLISH = "off"
    reconcile()
    assert (list(pages_folder.names()), Page.objects.count(), PageUse.objects.count()) == ([], 0, 0)


def test_a_page_waits_once_however_much_of_it_changes(pages_folder):
    enqueue_pages([("embedded", "/shelves/")])
    first = Outbox.objects.get()
    enqueue_pages([("embedded", "/shelves/"), ("embedded", "/")])
    again = Outbox.objects.get(subject="/shelves/")
    assert again.pk != first.pk, "who has begun may have counted the first as done by what they had read"
    assert again.due_at == first.due_at, "and it does not go to the end"
    Outbox.objects.update(attempt=1)
    enqueue_pages([("embedded", "/shelves/")])
    assert Outbox.objects.filter(subject="/shelves/").count() == 2, "one that was sent may have read before"


def test_the_hour_is_told_every_minute(pages_folder):
    open_shop()
    assert made_anew_by(lambda: tick.run()) == {"/"}


def test_many_pages_wait_behind_what_is_urgent(pages_folder):
    enqueue_pages([("embedded", f"/journal/{number}-a/") for number in range(201)])
    enqueue_pages([("embedded", "/journal/")])
    waiting = Outbox.objects.values_list("task", flat=True)
    assert sorted(waiting)[-1] == "jobs.pages.publish_later@embedded"
    assert list(waiting).count("jobs.pages.publish@embedded") == 1


def test_a_writer_is_told_when_the_pages_are_there(pages_folder):
    product = make_product()
    open_shop()
    subject = f"product:{product.pk}"
    assert CHANGES.are_published([subject])
    make_price(product, 777)
    assert not CHANGES.are_published([subject])
    rows = Outbox.objects.filter(task="jobs.objects.refresh")
    refresh.run([[row.pk, row.subject] for row in rows])
    assert not CHANGES.are_published([subject])
    assert not CHANGES.are_published([])
    work_off()
    assert CHANGES.are_published([subject])
    assert CHANGES.are_published([])


def test_while_another_release_is_served_its_pages_are_waited_for(pages_folder):
    make_product()
    open_shop()
    Folder(storages["published"], "older").point()
    enqueue_pages([("older", "/shelves/")])
    assert not CHANGES.are_published([])
    pages_folder.point()
    assert CHANGES.are_published([])


def test_nothing_is_asked_where_nothing_is_published(settings, django_assert_num_queries):
    settings.PUBLISH = "off"
    with django_assert_num_queries(0, connection=connection):
        INDEX.touch("product", {1: ABSENT})
        assert CHANGES.are_published(["product:1"])


def test_pages_by_the_thousand_are_put_into_the_outbox_a_few_at_a_time(pages_folder, monkeypatch):
    category, goods = shelf("Buns", 5)
    open_shop()
    monkeypatch.setattr(pages_index, "MANY", 3)
    monkeypatch.setattr(spreading, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(spreading, "STEP", 2)
    Category.objects.filter(pk=category.pk).update(name="Baps")
    [row] = Outbox.objects.filter(subject=f"category:{category.pk}")
    refresh([[row.pk, row.subject]])
    assert not Outbox.objects.filter(task__startswith="jobs.pages.publish").exists(), "who builds it puts them off"
    [row] = Outbox.objects.filter(task=spreading.SPREAD)
    assert CHANGES.are_published({row.subject}) is False
    assert CHANGES.are_published({"article:1"}) is True
    spread_task([[row.pk, row.subject]])
    assert Outbox.objects.filter(task=publisher_of("embedded", later=True)).count() == 2
    assert Outbox.objects.get(task=spreading.SPREAD).subject.startswith(f"{row.subject}@")
    work_off()
    assert all("Baps" in text_of(pages_folder, good.get_absolute_url()) for good in goods)
    assert CHANGES.are_published({row.subject}) is True


def test_an_object_on_thousands_of_pages_that_is_what_it_was_puts_off_nothing(pages_folder, monkeypatch):
    category, _ = shelf("Buns", 5)
    open_shop()
    monkeypatch.setattr(pages_index, "MANY", 3)
    monkeypatch.setattr(spreading, "MOST_AT_ONCE", 3)
    CATEGORIES.refresh([category.pk])
    assert not Outbox.objects.exists()


def test_a_renamed_author_has_the_pages_published_that_show_a_review(pages_folder):
    loaf, maya = make_product(), make_user("Maya")
    make_product("Bagel")
    make_review(loaf, maya)
    open_shop()
    assert made_anew_by(lambda: type(maya).objects.update(name="Mia")) == {loaf.get_absolute_url()}
    assert "Mia" in text_of(pages_folder, loaf.get_absolute_url())
