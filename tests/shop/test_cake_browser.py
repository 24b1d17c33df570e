"""A cake in Chromium: designed, watched on its page and on every other, and put in the basket."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from jobs.models import Job
from tests.factories import make_product
from tests.servers import wait_until

from .cakes import Painter
from .widths import too_wide

pytestmark = pytest.mark.django_db(transaction=True)
RUNNING, DONE = "We are painting your cake.", "Your cake is ready."
MINE = "**/jobs/mine.json"
MINUTE = 60_000
LISTEN = """addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("[data-say]");
  const key = "said-in-test";
  new MutationObserver(() => {
    const said = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    sessionStorage.setItem(key, JSON.stringify([...said, place.textContent]));
  }).observe(place, { childList: true });
});"""


def cake_asked_for(page):
    """Fill in the designer as Steve's friend would, and return the worker that has begun the cake."""
    page.goto(reverse("cakes"))
    page.get_by_label("What should it say?").fill("Happy Birthday, Steve!")
    page.get_by_role("button", name="Paint me a picture of it").click()
    expect(page).to_have_url(re.compile("/jobs/[0-9a-f]{32}/$"))
    return Painter(Job.objects.select_related("render").get())


def notice(page):
    return page.locator("[data-cake]")


def said(page):
    return page.evaluate("JSON.parse(sessionStorage.getItem('said-in-test') ?? '[]')")


def test_the_drawing_and_the_price_follow_the_choices(page):
    page.goto(reverse("cakes"))
    page.get_by_label("What should it say?").fill("For Ada")
    expect(page.get_by_role("img", name="Drawing of a cake that says For Ada")).to_be_visible()
    page.get_by_role("radio", name="Three tiers").check()
    expect(page.locator("#bill .sum dd")).to_have_text("€107.50")
    page.get_by_role("button", name="One candle more").click()
    expect(page.locator("#bill .sum dd")).to_have_text("€108.00")
    expect(page.get_by_label("What should it say?")).to_have_value("For Ada")
    expect(page.locator("[data-say]")).to_have_text("The cake now costs €108.00")


def test_letters_that_cannot_be_piped_are_named_as_one_types(page):
    page.goto(reverse("cakes"))
    words = page.get_by_label("What should it say?")
    words.fill("For 𓀀")
    expect(page.locator("#words-bad")).to_contain_text("Our icing pens cannot write 𓀀.")
    expect(words).to_have_attribute("aria-invalid", "true")
    words.fill("For Ada")
    expect(page.locator("#words-bad")).to_be_empty()
    expect(words).not_to_have_attribute("aria-invalid", "true")


def test_a_cake_is_watched_on_its_page_and_put_in_the_basket(page):
    painter = cake_asked_for(page)
    expect(page.get_by_role("img", name="Drawing of a cake that says")).to_be_visible()
    painter.coat(3)
    expect(page.locator("[data-percent]")).to_have_text("50 %")
    expect(page).to_have_title(re.compile("^50 %, your cake"))
    expect(page.locator("[data-picture] img")).to_have_attribute("src", re.compile(r"\?n=3$"))
    expect(page.locator(".coats .on")).to_have_count(3)
    expect(notice(page)).to_have_count(0)
    painter.coat(3)
    painter.finish()
    expect(page.get_by_role("heading", name="There it is.")).to_be_visible()
    page.get_by_role("button", name="Put it in the basket").click()
    expect(page.locator("ul.lines")).to_contain_text("Happy Birthday, Steve!")
    expect(notice(page)).to_have_count(0)


def test_the_notice_is_on_every_other_page_and_leads_to_the_basket(page):
    painter = cake_asked_for(page)
    page.goto(make_product().get_absolute_url())
    painter.coat(3)
    expect(notice(page)).to_contain_text("Painting your cake, 50 %.")
    expect(notice(page).locator("img")).to_have_attribute("src", re.compile(r"\?n=3$"))
    painter.coat(3)
    painter.finish()
    expect(notice(page)).to_contain_text(DONE)
    expect(notice(page).get_by_role("link", name="See it")).to_be_visible()
    notice(page).get_by_role("button", name="Into the basket").click()
    expect(page.locator("ul.lines")).to_contain_text("Birthday cake, two tiers")
    expect(notice(page)).to_have_count(0)


def test_start_and_end_are_said_once_and_no_percent(page):
    page.add_init_script(LISTEN)
    painter = cake_asked_for(page)
    page.goto("/shelves/")
    for number in range(1, 4):
        painter.coat()
        expect(notice(page)).to_contain_text(f"{100 * number // 6} %")
    page.goto("/")
    expect(notice(page)).to_contain_text("50 %")
    painter.finish()
    expect(notice(page)).to_contain_text(DONE)
    page.reload()
    expect(notice(page)).to_contain_text(DONE)
    assert [words for words in said(page) if "costs" not in words] == [RUNNING, DONE]


def test_a_notice_that_was_hidden_stays_so_until_the_cake_is_ready(page):
    painter = cake_asked_for(page)
    page.goto("/shelves/")
    hide = notice(page).get_by_role("button", name="Hide this notice")
    hide.click()
    expect(notice(page)).to_have_count(0)
    with page.expect_response(MINE):
        page.reload()
    painter.coat()
    with page.expect_response(lambda answer: "n=1" in answer.text() if "mine.json" in answer.url else False):
        pass
    expect(notice(page)).to_have_count(0)
    painter.finish()
    expect(notice(page)).to_contain_text(DONE)
    hide.click()
    with page.expect_response(MINE):
        page.reload()
    expect(notice(page)).to_have_count(0)


def test_the_back_button_brings_it_along(page):
    painter = cake_asked_for(page)
    page.goto("/shelves/")
    page.goto("/journal/")
    painter.coat(3)
    expect(notice(page)).to_contain_text("50 %")
    page.go_back()
    painter.finish()
    expect(notice(page)).to_contain_text(DONE)


def test_a_second_tab_shows_it_and_knows_what_the_first_has_hidden(page):
    painter = cake_asked_for(page)
    second = page.context.new_page()
    second.goto("/journal/")
    page.goto("/shelves/")
    painter.coat(3)
    for tab in (page, second):
        expect(notice(tab)).to_contain_text("50 %")
    notice(page).get_by_role("button", name="Hide this notice").click()
    expect(notice(second)).to_have_count(0)
    painter.finish()
    for tab in (page, second):
        expect(notice(tab)).to_contain_text(DONE)


def test_two_cakes_are_one_notice(page):
    first = cake_asked_for(page)
    page.goto(reverse("cakes"))
    page.get_by_label("What should it say?").fill("For Ada")
    page.get_by_role("button", name="Paint me a picture of it").click()
    page.goto("/shelves/")
    first.coat(3)
    expect(notice(page)).to_contain_text("2 cakes, 25 %.")


def test_what_failed_is_said_and_can_be_tried_again(page):
    painter = cake_asked_for(page)
    page.goto("/shelves/")
    painter.fail()
    expect(notice(page)).to_contain_text("Your cake’s picture did not come out.")
    notice(page).get_by_role("link", name="Look at it").click()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Your cake waits its turn.")).to_be_visible()


def test_it_is_stopped_and_nothing_is_asked_any_more(page):
    cake_asked_for(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name="Stopped.")).to_be_visible()
    with page.expect_response("**/me.json"):
        page.goto("/shelves/")
    expect(notice(page)).to_have_count(0)


def test_once_nothing_runs_nobody_asks(page):
    painter = cake_asked_for(page)
    page.goto("about:blank")  # the page of the job would go on by itself
    painter.finish()
    page.clock.install()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "mine.json" in request.url else None)
    page.goto("/shelves/")
    expect(notice(page)).to_contain_text(DONE)
    page.clock.run_for(MINUTE)
    assert page.evaluate("1") == 1
    assert len(asked) == 1


def test_while_the_shop_does_not_answer_it_is_asked_less_often(new_context, live_server):
    context = new_context(base_url=live_server.url)
    page, asked = context.new_page(), []
    painter = cake_asked_for(page)
    page.clock.install()
    page.goto("/shelves/")
    expect(notice(page)).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now()") + 60 * MINUTE)
    page.route(MINE, lambda route: route.abort())
    page.on("requestfailed", lambda request: asked.append(request.url))
    by_its_clock(page, lambda: asked)
    page.clock.run_for(4_000)
    assert len(asked) == 1
    by_its_clock(page, lambda: len(asked) == 2)
    expect(notice(page)).to_be_visible()
    page.unroute(MINE)
    painter.finish()
    by_its_clock(page, lambda: DONE in notice(page).text_content())


def by_its_clock(page, condition):
    """Let the page's clock, which stands still, go on by half seconds until the condition is true."""
    wait_until(lambda: (page.clock.run_for(500), condition())[1])


def test_without_script_the_form_shows_and_the_page_looks_again_by_itself(new_context, live_server):
    context = new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(reverse("cakes"))
    page.get_by_role("radio", name="Three tiers").check()
    page.get_by_label("What should it say?").fill("For Ada")
    page.locator(".till").get_by_role("button", name="Show the price and drawing").click()
    expect(page.locator("#bill .sum dd")).to_have_text("€107.50")
    expect(page.get_by_label("What should it say?")).to_have_value("For Ada")
    page.get_by_role("button", name="Paint me a picture of it").click()
    painter = Painter(Job.objects.select_related("render").get())
    painter.coat(3)
    expect(page.locator(".pct")).to_have_text("50 %")
    painter.finish()
    expect(page.get_by_role("heading", name="There it is.")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Put it in the basket").click()
    expect(page.locator("ul.lines")).to_contain_text("For Ada")


def test_no_page_of_cakes_is_wider_than_the_screen(page):
    painter = cake_asked_for(page)
    painter.coat()
    painter.finish()
    expect(page.get_by_role("heading", name="There it is.")).to_be_visible()
    assert too_wide(page, [page.url, reverse("cakes"), "/"], [320, 390, 768, 1024, 1280]) == []


def test_who_comes_back_finds_the_drawing_and_the_price_of_what_they_chose(page):
    page.goto(reverse("cakes"))
    page.get_by_label("What should it say?").fill("For Ada")
    page.get_by_role("radio", name="Three tiers").check()
    expect(page.locator("#bill .sum dd")).to_have_text("€107.50")
    page.goto("/shelves/")
    page.go_back()
    expect(page.get_by_label("What should it say?")).to_have_value("For Ada")
    expect(page.locator("#bill .sum dd")).to_have_text("€107.50")
    expect(page.get_by_role("img", name="Drawing of a cake that says For Ada")).to_be_visible()
