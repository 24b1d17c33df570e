"""Published pages: made of what they show, and made anew when that changes, and only then."""

import pytest

from jobs.models import Page
from jobs.reconciling import reconcile
from scaling import pages
from scaling.folder import Folder
from tests.factories import make_article, make_category, make_price, make_product
from tests.shop.people import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def published(settings, tmp_path, monkeypatch):
    """Every page goes to a folder of its own."""
    settings.PUBLISH = "all"
    folder = Folder(type("Storage", (), {"location": str(tmp_path)}), settings.RELEASE)
    monkeypatch.setattr(pages, "store", lambda: folder)
    monkeypatch.setattr("jobs.reconciling.store", lambda: folder)
    return folder


def times():
    """How often each page was published."""
    return dict(Page.objects.exclude(size=None).values_list("path", "times"))


def rendered_by(change):
    """The pages that were published because of it."""
    before = times()
    change()
    work_off()
    after = times()
    return {path for path in before | after if before.get(path) != after.get(path)}


def open_shop(*products):
    work_off()
    reconcile()
    work_off()


def text_of(folder, path):
    found = folder.read(pages.name_of(path))
    return found and found[1].decode()


def test_every_page_that_is_the_same_for_everybody_is_published(published):
    product, article = make_product(), make_article()
    open_shop()
    paths = {"/", "/404.html", "/503.html", "/shelves/", "/journal/", "/sitemap.xml"}
    paths |= {product.get_absolute_url(), product.category.get_absolute_url(), article.get_absolute_url()}
    assert set(times()) == paths == {pages.path_of(name) for name in published.names()}
    assert product.name in text_of(published, product.get_absolute_url())


def test_the_sitemap_names_what_there_is(published):
    rye, rolls = make_product("Rye"), make_product("Rolls")
    open_shop()
    assert "/sitemap.xml" in rendered_by(rolls.delete)
    assert rye.get_absolute_url() in text_of(published, "/sitemap.xml")
    assert "rolls" not in text_of(published, "/sitemap.xml")


def test_a_price_concerns_the_pages_that_show_the_product(published):
    rye, cake = make_product("Rye"), make_product("Walnut tart", category=make_category("Cakes"))
    cake.related.add(rye)
    open_shop()
    concerned = rendered_by(lambda: make_price(rye, 777))
    shown = {"/", "/shelves/", rye.get_absolute_url(), rye.category.get_absolute_url(), cake.get_absolute_url()}
    assert concerned <= shown
    assert concerned >= shown - {"/"}
    for path in shown - {"/", cake.get_absolute_url()}:
        assert "7.77" in text_of(published, path)
