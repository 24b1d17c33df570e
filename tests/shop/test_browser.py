"""The shop in Chromium: what only a browser can tell, such as a script that the page's own rules forbid."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect, sync_playwright

from tests.factories import make_article, make_product, make_slot
from tests.servers import need

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def browser():
    path = need("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs a loop in the thread of the tests
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, live_server):
    """A page at the shop's address. The test fails when the page complained about anything on the way."""
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    complaints = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_visitor_fills_the_basket_without_leaving_the_page(page):
    product = make_product()
    page.goto(product.get_absolute_url())
    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator("[data-basket] .count")).to_have_text("1")
    assert page.url.endswith(product.get_absolute_url())
    page.goto(reverse("basket"))
    expect(page.locator("ul.lines")).to_contain_text(product.name)


def test_no_page_complains(page):
    product, article = make_product(texts={"story": "Two days old when it is born."}), make_article()
    make_slot()
    public = ["/", "/shelves/", "/search/?q=sour", "/journal/", "/account/sign-in/", "/account/sign-up/", "/basket/"]
    for path in [
        *public,
        product.get_absolute_url(),
        product.category.get_absolute_url(),
        article.get_absolute_url(),
    ]:
        assert page.goto(path, wait_until="networkidle").status == 200, path


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_is_wider_than_the_screen(page, width):
    product = make_product("Wholemeal sourdough with pumpkin seeds and honey")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/shelves/", product.get_absolute_url(), "/basket/", "/account/sign-in/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
