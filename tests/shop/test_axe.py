"""What axe-core finds on our pages: nothing, on phones and desks, by day and in the evening."""

from pathlib import Path

import axe_playwright_python
import pytest
from django.urls import reverse

from tests.factories import make_article, make_product

from .cakes import asked, in_basket, painted
from .people import a_slot, visitor

pytestmark = pytest.mark.django_db(transaction=True)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [(390, "dark"), (1280, "light")]
FIND = """async levels => {
  const { violations } = await axe.run({ runOnly: levels });
  return violations.map(each => `${each.id}: ${each.nodes.map(node => node.html.slice(0, 200)).join(" | ")}`);
}"""


def found(page, paths):
    """What is wrong, by page."""
    wrong = {}
    for path in paths:
        assert page.goto(path, wait_until="networkidle").status == 200, path
        page.evaluate(AXE)
        if here := page.evaluate(FIND, LEVELS):
            wrong[path] = here
    return wrong


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_for_everybody(page, width, theme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    a_slot()
    article, product = make_article(), make_product()
    places = [
        "/",
        "/shelves/",
        "/search/?q=sour",
        "/journal/",
        reverse("sign_in"),
        reverse("sign_up"),
        reverse("cakes"),
    ]
    pages = [*places, product.get_absolute_url(), product.category.get_absolute_url(), article.get_absolute_url()]
    assert found(page, pages) == {}


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_of_a_customer(friends_page, live_server, width, theme):
    page = friends_page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    client = visitor()
    client.cookies["sessionid"] = next(
        each["value"] for each in page.context.cookies() if each["name"] == "sessionid"
    )
    a_slot()
    done, waiting = in_basket(client), asked(client, inscription="For Maya")
    jobs = [reverse("job", args=[job.key]) for job in (painted(asked(client, candles="1")), done, waiting)]
    account = [reverse(name) for name in ("account", "details", "friends", "password", "basket", "checkout")]
    assert found(page, [*account, *jobs, "/", reverse("person", args=[page.maya.pk])]) == {}
