"""The bakehouse in Chromium: the whole of a wide screen is used, and on a phone one sees that a table goes on."""

import pytest
from django.test import Client
from django.urls import reverse

from scaling.fleet import WORKER, Member, tell
from tests.factories import ada, make_product

pytestmark = pytest.mark.django_db(transaction=True)
FADES = "it => getComputedStyle(it).getPropertyValue('--more-after')"
OVEN = Member(WORKER, "oven@bakery", "r1", 0.0, "a-host-with-a-long-name.bakery.example", 12, ("bulk", "render"))


@pytest.fixture
def bakehouse(page, live_server):
    """bakehouse(name, width): that page of the admin for Ada, on a screen so wide."""
    client = Client()
    client.force_login(ada())
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

    def bakehouse(name, width):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(reverse(f"admin:{name}"))
        return page

    return bakehouse


def test_the_first_page_uses_a_wide_screen(bakehouse):
    page = bakehouse("index", 1280)
    assert page.locator("#content-related").bounding_box()["x"] > 900
    tiles = page.locator(".today a").all()
    assert len(tiles) == 7
    assert all(tile.bounding_box()["height"] < 70 for tile in tiles)


@pytest.mark.parametrize(
    ("name", "table"),
    [("fleet", ".standings"), ("replicas", ".standings"), ("products_product_changelist", ".results")],
)
def test_a_table_that_is_cut_fades_until_its_end(bakehouse, name, table):
    make_product()
    tell(OVEN)
    cut = bakehouse(name, 390).locator(table)
    assert cut.evaluate(FADES) == "48px"
    cut.evaluate("it => { it.scrollLeft = it.scrollWidth }")
    cut.evaluate("it => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert cut.evaluate(FADES) == "0px"


def test_no_button_is_grey(bakehouse):
    make_product()
    page = bakehouse("products_product_changelist", 1280)
    for button in (page.locator("#changelist-search [type=submit]"), page.locator("#changelist .actions .button")):
        assert button.evaluate("it => getComputedStyle(it).borderRadius") == "99px"
        assert "0px 0px 0px 1px inset" in button.evaluate("it => getComputedStyle(it).boxShadow")
