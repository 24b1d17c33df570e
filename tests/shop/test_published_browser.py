"""A published page through a real proxy, in a real browser: nobody's page, and everybody's shop."""

import urllib.request
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from jobs.models import Page
from scaling import pages
from shop.nginx import Nginx, missing
from tests.factories import make_article, make_product, steve
from tests.servers import lacking

from .people import visitor, work_off

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "It was gone before we were home."


@pytest.fixture
def loaf():
    return make_product("Emmer loaf")


@pytest.fixture
def front(live_server, pages_folder, loaf, tmp_path):
    """The proxy before a shop whose pages are all published."""
    if reason := missing():
        lacking(reason)
    article = make_article()
    work_off()
    pages_folder.point()
    paths = ["/", "/shelves/", "/journal/", loaf.get_absolute_url(), loaf.category.get_absolute_url()]
    pages.publish([*paths, article.get_absolute_url()])
    clone = urlsplit(live_server.url).netloc
    proxy = Nginx(tmp_path / "proxy", (clone,), pages_folder.root, settings.STATIC_ROOT, tmp_path / "media")
    proxy.start()
    yield proxy
    proxy.stop()


def ask(front, path, **headers):
    with urllib.request.urlopen(urllib.request.Request(front.url + path, headers=headers), timeout=60) as answer:
        return answer.read(), answer.headers


def signed_in(context, front):
    session = visitor(steve()).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": front.url}])
    return context.new_page()


def test_two_visitors_get_the_same_bytes_and_nothing_of_theirs(front):
    session = visitor(steve()).cookies["sessionid"].value
    for path in Page.objects.values_list("path", flat=True):
        mine, my_headers = ask(front, path, Cookie=f"sessionid={session}")
        theirs, their_headers = ask(front, path, Cookie="sessionid=nobody", **{"User-Agent": "another"})
        for headers in (my_headers, their_headers):
            del headers["X-Request-ID"]  # of each answer its own
        assert (mine, my_headers.as_string()) == (theirs, their_headers.as_string())
        assert my_headers["Cache-Control"] == "no-cache", "it is the published page"
        assert "Set-Cookie" not in my_headers
        assert my_headers["Vary"] == "Accept-Encoding"
        assert b"csrfmiddlewaretoken" not in mine


def test_the_basket_and_the_name_work_on_a_published_page(front, loaf, new_context):
    page = signed_in(new_context(base_url=front.url), front)
    assert page.goto(loaf.get_absolute_url()).headers["cache-control"] == "no-cache"
    expect(page.locator("[data-me]")).to_have_attribute("aria-label", "Your account, Steve")
    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator("[data-basket] .count")).to_have_text("1")
    page.goto("/")
    expect(page.locator("[data-basket] .count")).to_have_text("1")
    page.goto(reverse("basket"))
    expect(page.locator("ul.lines")).to_contain_text(loaf.name)


@pytest.mark.parametrize("has_script", [True, False])
def test_a_review_is_on_the_page_of_who_wrote_it_at_once(front, loaf, new_context, pages_folder, has_script):
    page = signed_in(new_context(base_url=front.url, java_script_enabled=has_script), front)
    page.goto(loaf.get_absolute_url())
    page.get_by_role("link", name="Write a review").click()
    page.get_by_label("5", exact=False).first.check(force=True)
    page.locator("textarea").fill(WORDS)
    page.get_by_role("button", name="review").first.click()
    expect(page.get_by_text(WORDS)).to_be_visible()
    assert page.url.startswith(front.url + loaf.get_absolute_url())
    assert WORDS.encode() not in ask(front, loaf.get_absolute_url())[0], "nobody else has it yet"
    work_off()
    assert WORDS.encode() in ask(front, loaf.get_absolute_url())[0]


def test_a_writer_is_served_live_until_the_pages_have_what_they_wrote(front, loaf):
    """Given a visitor who has written a review
    When they come back, again and again, while the workers are slow and when they are done
    Then they see it each time, and in the end they are given the published page."""
    client = visitor(steve())
    client.post(reverse("review", args=[loaf.pk]), {"rating": 5, "body": WORDS})
    token = {name for name in client.cookies if name.startswith("causal-")}
    assert token
    path = loaf.get_absolute_url()
    assert WORDS in client.get(path).content.decode()
    assert [name for name in token if client.cookies[name].value], "the published page does not have it"
    work_off()
    for _ in range(3):
        assert WORDS in client.get(path).content.decode()
    assert not [name for name in client.cookies if name.startswith("causal-") and client.cookies[name].value]
    assert WORDS.encode() in ask(front, path)[0]


def test_without_script_the_basket_works(front, loaf, new_context):
    page = new_context(base_url=front.url, java_script_enabled=False).new_page()
    page.goto(loaf.get_absolute_url())
    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator("ul.lines")).to_contain_text(loaf.name)
    page.goto("/shelves/")
    page.get_by_role("button", name=f"Add {loaf.name} to basket").click()
    expect(page.locator("ul.lines input").first).to_have_value("2")


def test_a_form_from_elsewhere_is_asked_about_once(front, loaf, new_context):
    page = new_context(java_script_enabled=False).new_page()
    product = f'<input name="product" value="{loaf.pk}">'
    page.set_content(f'<form method="post" action="{front.url}{reverse("basket_add")}">{product}<button>Win</button>')
    page.get_by_role("button", name="Win").click()
    expect(page.get_by_role("heading", name="Put it in your basket?")).to_be_visible()
    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator("ul.lines")).to_contain_text(loaf.name)


def test_with_every_clone_gone_the_catalogue_is_open_and_the_rest_says_so(front, loaf, new_context):
    pages.publish(["/503.html"])
    front.reload("127.0.0.1:9")
    page = new_context(base_url=front.url).new_page()
    assert page.goto(loaf.get_absolute_url()).status == 200
    expect(page.get_by_role("heading", name=loaf.name)).to_be_visible()
    away = page.goto(reverse("basket"))
    assert (away.status, away.headers["retry-after"]) == (503, "20")
    expect(page.get_by_role("heading", name="The dough is resting.")).to_be_visible()
