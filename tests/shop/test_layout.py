"""Where things stand on a page, as Chromium lays it out: nothing is cut, lies under another, or leaves its grid."""

from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from tests.shop.test_look import PAGE, SHELF, card, page

NAMES = ["Bread", "Breakfast", "Rolls and buns", "Savoury", "Sweet things", "Cakes", "Something for later"]
SHELVES = [SHELF | {"id": n, "name": name, "picture": "x", "url": f"/shelves/{n}-x/"} for n, name in enumerate(NAMES)]
BOXES = "all => all.map(each => each.getBoundingClientRect().toJSON())"
WIDE = [1024, 1280, 1366]


@pytest.fixture
def show(new_context):
    """show(html, width): a tab with that page in it, and with the shop's stylesheet and fonts."""

    def answer(route, html):
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(body=html, content_type="text/html")
        elif path.endswith((".css", ".woff2")):
            route.fulfill(path=finders.find(path.removeprefix("/static/")))
        else:
            route.fulfill(status=404)

    def show(html, width):
        tab = new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce").new_page()
        tab.route("**/*", lambda route: answer(route, html))
        tab.goto("http://bakery.example/", wait_until="load")
        tab.evaluate("document.fonts.ready.then(() => true)")
        return tab

    return show


def home():
    return page("home.html", shelves=SHELVES, bake=[], now="09:05", journal=[], hero=None)


def boxes(tab, selector):
    found = tab.eval_on_selector_all(selector, BOXES)
    assert found
    return found


@pytest.mark.parametrize("width", WIDE)
def test_the_head_has_room_for_a_seventh_shelf_and_a_full_basket(show, width):
    tab = show(home(), width)
    tab.eval_on_selector(".count", "it => { it.hidden = false; it.textContent = 28 }")
    nav, page = tab.locator(".nav"), tab.locator("html")
    for it in (nav, page):
        assert it.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert all(link["right"] <= width for link in boxes(tab, ".nav a, .tools a"))


@pytest.mark.parametrize("width", WIDE)
def test_every_row_of_shelves_ends_where_the_grid_ends(show, width):
    tab = show(home(), width)
    grid = boxes(tab, ".shelves")[0]
    pictures = boxes(tab, ".shelves .pic")[:6]
    assert [round(each["left"]) for each in pictures[::2]] == [round(grid["left"])] * 3
    assert [round(each["right"]) for each in pictures[1::2]] == [round(grid["right"])] * 3
    gaps = {round(right["left"] - left["right"]) for left, right in zip(pictures[::2], pictures[1::2], strict=True)}
    assert gaps == {32}


@pytest.mark.parametrize("width", [390, *WIDE])
def test_the_pictures_of_an_order_do_not_lie_under_its_words(show, width):
    now = timezone.now()
    me = {"name": "Ana", "full_name": "Ana", "picture": "", "since": now, "email": "ana@bakery.example", "phone": ""}
    order = {"day": "26 Sep", "pictures": ["a", "b", "c"], "url": "/orders/k/", "key": "k", "can_repeat": True}
    order |= {"what": "Cinnamon roll, 2 × Spelt and berry muffin, Salt pretzel", "words": "Collected", "total": 11220}
    tab = show(page("account.html", me=me, past=[order], page=PAGE, greeting="Good morning", bags=1), width)
    pictures = boxes(tab, ".past img")
    words, price = boxes(tab, ".past .pics + span")[0], boxes(tab, ".past .price")[0]
    assert len(pictures) == 3
    assert all(each["right"] <= words["left"] for each in pictures)
    assert words["right"] <= price["left"]


@pytest.mark.parametrize("template", ["category.html", "search.html"])
def test_the_last_card_keeps_off_the_foot(show, template):
    shelf = {"category": SHELF, "cards": [card()], "page": PAGE, "sort": "baked", "tags": [], "q": "rye", "query": ""}
    tab = show(page(template, **shelf), 1280)
    assert boxes(tab, ".foot")[0]["top"] - boxes(tab, ".good")[-1]["bottom"] >= 64
