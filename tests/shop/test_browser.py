"""The shop in Chromium: what only a browser can tell, such as a script that the page's own rules forbid."""

from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from jobs.models import Job
from jobs.starts import run
from tests.factories import make_article, make_product, make_slot

from .widths import too_wide

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_no_page_is_wider_than_the_screen(page):
    product = make_product("Wholemeal sourdough with pumpkin seeds and honey")
    paths = ["/", "/shelves/", product.get_absolute_url(), "/basket/", "/account/sign-in/"]
    assert too_wide(page, paths, [360, 768, 1024, 1280]) == []


def test_what_is_chosen_in_a_row_that_scrolls_is_in_sight(page):
    """On a phone a shelf has more tags than fit, and the last of them is the chosen one."""
    make_product(tags=["Long ferment", "Nut free", "Rye", "Seeded", "Vegan", "Wholemeal", "Zesty"])
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/shelves/?tag=zesty")
    expect(page.locator(".tags [aria-current]")).to_be_in_viewport(ratio=1)
    assert page.evaluate("window.scrollY") == 0


def test_the_home_page_fills_in_what_friends_liked(friends_page):
    friends_page.goto("/")
    liked = friends_page.get_by_role("region", name="What your friends liked")
    expect(liked).to_contain_text("Neither did.")
    expect(liked.get_by_role("link", name="Maya")).to_have_attribute("href", f"/people/{friends_page.maya.pk}/")


def test_the_home_page_of_everybody_else_has_no_such_section(page):
    page.goto("/", wait_until="networkidle")
    expect(page.get_by_text("What your friends liked")).to_be_hidden()


def test_a_question_is_answered_without_a_complaint(friends_page):
    friends_page.goto(reverse("friends"))
    with friends_page.expect_response("**/accept/") as accepted:
        friends_page.get_by_role("button", name="Yes, let Jonas follow you").click()
    assert accepted.value.status == 303
    expect(friends_page.get_by_role("status").first).to_contain_text("They see what you like from now on.")
    expect(friends_page.locator("#followers")).to_contain_text("Jonas")


def test_no_page_of_friends_is_wider_than_the_screen(friends_page):
    paths = ["/account/", reverse("friends"), reverse("person", args=[friends_page.maya.pk])]
    assert too_wide(friends_page, paths, [320, 768, 1280]) == []


def test_a_sent_picture_takes_its_place_when_it_is_made_and_nothing_typed_is_lost(friends_page, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    file = BytesIO()
    Image.new("RGB", (640, 480), "#a4133c").save(file, "PNG")
    friends_page.goto(reverse("details"))
    sent = {"name": "me.png", "mimeType": "image/png", "buffer": file.getvalue()}
    friends_page.get_by_label("Choose a picture").set_input_files(sent)
    friends_page.get_by_role("button", name="Use this picture").click()
    expect(friends_page.get_by_text("We are cutting your picture to size.")).to_be_visible()
    friends_page.get_by_label("Phone").fill("+44 7700 900123")
    run(Job.objects.get().pk)
    expect(friends_page.get_by_role("img", name="Your picture")).to_be_visible()
    expect(friends_page.get_by_label("Phone")).to_have_value("+44 7700 900123")
