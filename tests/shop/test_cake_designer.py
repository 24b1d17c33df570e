"""The designer: priced and drawn by the server, nothing lost, and asked once however often it is posted."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import limits
from jobs.cake.design import Design
from jobs.cakes import MOST_WAITING
from jobs.models import Job, Render
from shop.cakes import FIRST_CHOICE
from tests.factories import make_category, mallory, steve

from .cakes import ask, asked, form, painted
from .people import at_once, visitor

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Alles Gute,\nΜαρία!"
UNWRITABLE = ["Hi \u202eevetS", "Z\u0334\u0335\u0336\u0337alg", "\x00"]


def shown(page):
    return page.content.decode()


def test_the_page_shows_price_drawing_and_the_first_choice():
    page = shown(visitor().get(reverse("cakes")))
    assert "€73.50" in page
    assert "Drawing of a cake that says Happy Birthday, Steve!" in page
    assert 'name="tiers" value="2" checked' in page


def test_showing_the_price_asks_for_nothing_and_keeps_what_was_chosen():
    client = visitor()
    typed = form(client, inscription=WORDS, tiers="3", candles="0", topping="plain", show="1")
    page = shown(client.post(reverse("cakes"), typed))
    assert "€101.00" in page
    assert f">{WORDS}</textarea>" in page
    assert 'name="tiers" value="3" checked' in page
    assert not Job.objects.exists()


def test_the_server_prices_whatever_was_posted_with_it():
    job = asked(visitor(), total="1", price_cents="1")
    assert Design.of(job.arguments).price_cents == 7350


@pytest.mark.parametrize("words", [*UNWRITABLE, "", "x" * 61, "a\nb\nc\nd"])
def test_words_that_cannot_be_piped_are_told_beside_the_field_and_nothing_is_lost(words):
    client = visitor()
    answer = ask(client, inscription=words, tiers="3", sponge="almond")
    page = shown(answer)
    assert answer.status_code == 422
    assert re.search(r'<div id="words-bad" data-live><p class="bad">', page)
    assert 'aria-invalid="true"' in page
    assert 'name="tiers" value="3" checked' in page
    assert 'name="sponge" value="almond" checked' in page
    assert not Job.objects.exists()


def test_the_letters_that_cannot_be_piped_are_named():
    assert "cannot write 𓀀." in shown(ask(visitor(), inscription="For 𓀀"))


def test_every_field_that_is_wrong_is_told():
    page = shown(ask(visitor(), tiers="9", candles="21", glaze="gravel"))
    assert page.count("Choose one of those that are offered.") == 2
    assert "Choose 0 to 20 candles." in page


def test_words_are_shown_and_not_obeyed():
    client = visitor()
    page = shown(client.post(reverse("cakes"), form(client, inscription="<script>1</script>", show="1")))
    assert "<script>1" not in page
    assert "&lt;script&gt;1" in page


def test_asking_answers_with_the_page_of_the_job_and_its_drawing():
    client = visitor()
    answer = ask(client)
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("job", args=[job.key]))
    page = shown(client.get(answer["Location"]))
    assert "Drawing of a cake that says Happy Birthday, Steve!" in page
    assert "0&nbsp;%" in page


def test_the_same_form_twice_is_one_cake():
    client = visitor()
    typed = form(client)
    first, second = (client.post(reverse("cakes"), typed)["Location"] for _ in range(2))
    assert first == second
    assert Job.objects.count() == 1


def test_ten_clicks_at_once_are_one_cake():
    client = visitor(steve())
    typed = form(client)
    cookies = client.cookies

    def click(_):
        other = visitor()
        other.cookies = cookies
        return other.post(reverse("cakes"), typed)["Location"]

    assert len(set(at_once(click, 10, threads=5))) == 1
    assert Job.objects.count() == 1


def test_the_form_gone_back_to_and_changed_is_another_cake():
    client = visitor()
    typed = form(client)
    places = {client.post(reverse("cakes"), typed | {"tiers": tiers})["Location"] for tiers in "12"}
    assert len(places) == Job.objects.count() == 2


def test_somebody_elses_form_key_gives_nobody_their_cake():
    typed = form(visitor())
    places = {visitor(who).post(reverse("cakes"), typed)["Location"] for who in (steve(), mallory())}
    assert len(places) == Job.objects.count() == 2
    assert Render.objects.count() == 1


def test_a_fourth_waiting_cake_is_refused_kindly_and_the_form_is_kept():
    client = visitor()
    for number in range(MOST_WAITING):
        asked(client, inscription=f"Number {number}")
    answer = ask(client, inscription="One more")
    page = shown(answer)
    assert answer.status_code == 429
    assert "3 cakes are being painted for you already." in page
    assert ">One more</textarea>" in page
    assert Job.objects.count() == MOST_WAITING


def test_an_address_asks_for_twenty_an_hour_whoever_it_says_it_is():
    for number in range(20):
        painted(asked(visitor(), inscription=f"Number {number}"))
    answer = ask(visitor(), inscription="One more")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert ">One more</textarea>" in shown(answer)
    assert Job.objects.count() == 20
    assert limits.CAKE[0].rate == "20/h"


def test_a_form_that_is_wrong_and_one_that_only_shows_are_not_counted():
    client = visitor()
    for _ in range(21):
        ask(client, inscription="")
        client.post(reverse("cakes"), form(client, show="1"))
    assert ask(client).status_code == 303


def test_a_cake_can_be_designed_like_one_of_ones_own_and_of_nobody_else():
    client = visitor(steve())
    job = asked(client, inscription="For Ada", tiers="3")
    page = shown(client.get(reverse("cakes"), {"like": job.key}))
    assert ">For Ada</textarea>" in page
    assert 'name="tiers" value="3" checked' in page
    assert visitor(mallory()).get(reverse("cakes"), {"like": job.key}).status_code == 404


def test_a_guests_address_that_is_none_is_told():
    answer = ask(visitor(), email="ana@")
    assert answer.status_code == 422
    assert "This does not look like an e-mail address." in shown(answer)


def test_the_designer_asks_the_database_for_nothing_but_the_visitor(django_assert_num_queries):
    client = visitor()
    client.get(reverse("cakes"))
    with django_assert_num_queries(0):
        assert client.get(reverse("cakes")).status_code == 200


def test_asking_costs_a_bounded_number_of_statements():
    client = visitor()
    typed = form(client)
    with CaptureQueriesContext(connection) as queries:
        client.post(reverse("cakes"), typed)
    assert len(queries) < 25


@pytest.mark.parametrize("path", ["/", "/shelves/"])
def test_there_is_a_link_in_the_head_of_every_page(path):
    assert '<a href="/cakes/">Design a cake</a>' in shown(visitor().get(path))


def test_the_shelf_of_cakes_and_the_home_page_lead_there():
    cakes, bread = make_category("Cakes and tarts"), make_category("Bread")
    assert "design a cake of your own" in shown(visitor().get(cakes.get_absolute_url()))
    assert "design a cake of your own" not in shown(visitor().get(bread.get_absolute_url()))
    assert "A cake with your words on it" in shown(visitor().get("/"))


def test_the_first_choice_can_be_baked():
    assert Design.of(FIRST_CHOICE).inscription == "Happy Birthday, Steve!"
