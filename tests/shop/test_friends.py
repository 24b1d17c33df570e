"""The friends page, people's pages, and what a second visitor with bad intentions learns from them: nothing."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Friendship, User
from jobs.models import Outbox
from scaling.behind import behind
from tests.factories import make_follow, make_product, make_review, make_user, mallory, steve
from tests.scaling.test_causal import standing_still
from tests.servers import PATIENCE_SECONDS
from tests.shop.people import visitor, work_off

pytestmark = pytest.mark.django_db
State = Friendship.State
FRIENDS = "/account/friends/"


@pytest.fixture
def maya():
    return make_user("Maya", email="maya@example.com")


@pytest.fixture
def customer():
    return visitor(steve())


def do(client, deed, person, **posted):
    return client.post(reverse(f"person_{deed}", args=[person.pk]), posted)


def page_of(client, path=FRIENDS):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def person_page(person):
    return reverse("person", args=[person.pk])


def part(page, section):
    """What one section of a page shows, as text."""
    found = re.search(rf'<section[^>]* (?:id|aria-labelledby)="{section}".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def states():
    named = Friendship.objects.values_list("follower__name", "followed__name", "state")
    return {(follower, followed): state for follower, followed, state in named}


# ---------------------------------------------------------------- asking and answering


def test_one_asks_the_other_says_yes_and_sees_it_at_once(customer, maya):
    make_review(author=maya)
    response = do(customer, "follow", maya)
    assert (response.status_code, response.url) == (303, FRIENDS)
    page = page_of(customer)
    assert "They show up here once they say yes." in page and "Maya" in part(page, "following")
    other = visitor(maya)
    assert "Steve" in part(page_of(other), "asking")
    assert do(other, "accept", steve()).status_code == 303
    page = page_of(other)
    assert "Steve" in part(page, "followers") and not part(page, "asking")
    work_off()
    assert "Unfollow Maya" in part(page_of(customer), "following")


def test_refusing_unfollowing_and_removing_end_it(customer, maya):
    other = visitor(maya)
    for state, client, deed, person in [
        (State.ASKED, other, "refuse", steve()),
        (State.ACCEPTED, other, "refuse", steve()),
        (State.ASKED, customer, "unfollow", maya),
        (State.ACCEPTED, customer, "unfollow", maya),
    ]:
        make_follow(steve(), maya, state)
        assert do(client, deed, person).status_code == 303
        assert states() == {}


def test_a_yes_that_comes_too_late_says_so(customer, maya):
    do(customer, "accept", maya)
    assert "They no longer ask." in page_of(customer)
    assert states() == {}


def test_a_block_is_listed_and_can_be_taken_back(customer, maya):
    make_follow(maya, steve())
    do(customer, "block", maya)
    page = page_of(customer)
    assert "Maya" in part(page, "blocked") and "Maya" not in part(page, "followers")
    do(customer, "unblock", maya)
    assert not part(page_of(customer), "blocked")


def test_deeds_on_a_persons_page_lead_back_to_it(customer, maya):
    make_follow(steve(), maya)
    for deed in ("unfollow", "block", "unblock"):
        assert do(customer, deed, maya, **{"from": "person"}).url == person_page(maya)
    assert do(customer, "unblock", maya, **{"from": "//evil.example"}).url == FRIENDS


@pytest.mark.parametrize("path", [FRIENDS, "/people/1/", "/people/1/follow/", "/people/1/block/"])
def test_strangers_are_asked_to_sign_in_first(client, path):
    response = client.post(path) if path.endswith(("follow/", "block/")) else client.get(path)
    assert response.status_code == 302
    assert response.url.startswith("/account/sign-in/?next=/")


def test_deeds_are_posts_with_a_csrf_token(maya):
    client = visitor(steve(), enforce_csrf_checks=True)
    for deed in ("follow", "unfollow", "accept", "refuse", "block", "unblock"):
        assert do(client, deed, maya).status_code == 403
        assert client.get(reverse(f"person_{deed}", args=[maya.pk])).status_code == 405
    assert client.post(FRIENDS, {"email": maya.email}).status_code == 403
    token = client.get(reverse("me")).json()["csrf"]
    assert do(client, "follow", maya, csrfmiddlewaretoken=token).status_code == 303


def test_nobody_befriends_or_blocks_themselves(customer):
    do(customer, "block", steve())
    do(customer, "follow", steve())
    assert states() == {}


# ---------------------------------------------------------------- asking by e-mail


def ask(client, email):
    return client.post(FRIENDS, {"email": email})


def test_asking_by_e_mail_reaches_its_owner(customer, maya):
    assert ask(customer, "Maya@Example.com").status_code == 303
    work_off()
    assert "Steve" in part(page_of(visitor(maya)), "asking")


def answer_to(email):
    """All that a fresh visitor is told who asks this address, before and after the worker has looked."""
    client = visitor(make_user("Nosy"))
    told = ask(client, email)
    pages = [client.get(FRIENDS).content]
    work_off()
    pages.append(client.get(FRIENDS).content)
    texts = [re.sub(rb'value="\w{64}"', b"", page) for page in pages]
    cookies = sorted(re.sub("[0-9a-f]{16}", "", name) for name in told.cookies)
    kinds = sorted(re.sub(r"\d+", "", subject) for subject in Outbox.objects.values_list("subject", flat=True))
    return told.status_code, told.url, cookies, texts, kinds


def test_the_answer_does_not_tell_whether_an_address_has_an_account(maya):
    closed = make_user("Gone", email="gone@example.com", is_active=False)
    blocker = make_user("Blocker", email="blocker@example.com")
    nobody = answer_to("nobody@example.com")
    assert answer_to(maya.email) == answer_to(closed.email) == answer_to(blocker.email) == nobody


def test_nor_does_the_persons_own_page_or_the_list_of_the_unanswered(customer, maya):
    make_review(author=maya)
    ask(customer, maya.email)
    work_off()
    assert "Ask to follow" in page_of(customer, person_page(maya))
    assert "Maya" not in part(page_of(customer), "following")
    do(customer, "follow", maya)
    assert "You have asked." in page_of(customer, person_page(maya))


def test_what_is_no_address_is_shown_again(customer):
    response = ask(customer, "maya@")
    assert response.status_code == 422
    assert "does not look like an e-mail address" in response.content.decode()
    assert 'value="maya@"' in response.content.decode()
    assert ask(customer, "a" * 300 + "@example.com").status_code == 422


def test_questions_are_limited(customer, maya):
    for number in range(10):
        assert ask(customer, f"customer-{number}@example.com").status_code == 303
        assert do(customer, "follow", maya).status_code == 303
    for response in (ask(customer, "one-more@example.com"), do(customer, "follow", maya)):
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
    assert 'value="one-more@example.com"' in ask(customer, "one-more@example.com").content.decode()
    assert ask(visitor(maya), "one-more@example.com").status_code == 303
    assert do(customer, "block", maya).status_code == 303  # to be left alone is never too much


# ---------------------------------------------------------------- people's pages


def test_a_persons_page_shows_them_and_what_they_said(customer, maya):
    User.objects.filter(pk=maya.pk).update(picture="people/a-400.webp")
    make_review(make_product("Rye"), maya, rating=2, body="A little dry.")
    make_review(make_product("Bagel"), maya, body="Not for your eyes.", is_hidden=True)
    make_review(make_product("Bun", is_published=False), maya, body="Gone from the shelves.")
    page = page_of(customer, person_page(maya))
    assert "Maya" in page and "people/a-400.webp" in page and "A little dry." in page
    assert "Not for your eyes" not in page and "Gone from the shelves" not in page
    assert maya.email not in page


def test_what_their_friends_liked_is_not_shown(customer, maya):
    ingrid = make_user("Ingrid")
    make_follow(maya, ingrid)
    make_review(make_product("Rye"), maya)
    make_review(author=ingrid, body="Only for my followers' streams.")
    page = page_of(customer, person_page(maya))
    assert "Ingrid" not in page and "Only for" not in page


def test_many_reviews_come_in_pages(customer, maya):
    for number in range(12):
        make_review(make_product(f"Loaf {number}"), maya)
    assert page_of(customer, person_page(maya)).count('class="said') == 10
    assert page_of(customer, person_page(maya) + "?page=2").count('class="said') == 2
    assert customer.get(person_page(maya), {"page": 3}).status_code == 404


def test_the_authors_of_reviews_lead_to_their_pages(client, maya):
    loaf = make_product()
    make_review(loaf, maya)
    for path in (loaf.get_absolute_url(), reverse("product_reviews", args=[loaf.pk, loaf.slug])):
        assert f'href="{person_page(maya)}"' in page_of(client, path)


def test_ones_own_page_has_no_buttons(customer):
    page = page_of(customer, person_page(steve()))
    assert "This is how others see you" in page and "/follow/" not in page


# ---------------------------------------------------------------- Mallory


def test_mallory_cannot_answer_for_steve(maya):
    make_follow(maya, steve(), State.ASKED)
    client = visitor(mallory())
    for deed in ("accept", "refuse", "unfollow", "unblock"):
        do(client, deed, maya)
        do(client, deed, steve())
    assert states() == {("Maya", "Steve"): State.ASKED}


def test_who_is_blocked_is_not_told(maya):
    """A block, a closed account and none at all: the same answers, and nothing on the friends page."""
    closed = make_user("Gone", is_active=False)
    for author in (maya, closed, mallory()):
        make_review(make_product(author.name), author)
    client = visitor(mallory())
    do(visitor(maya), "block", mallory())
    nobody = User(pk=closed.pk + 1000)
    for person in (maya, closed, nobody):
        asked = do(client, "follow", person)
        assert (asked.status_code, asked.url) == (303, FRIENDS)
        page = page_of(client)
        assert "They show up here once they say yes." in page
        assert "Maya" not in page and "Gone" not in page and "lock" not in part(page, "following")
    answers = [client.get(person_page(person)) for person in (maya, closed, nobody)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    assert states() == {("Mallory", "Maya"): State.BLOCKED}


def test_who_blocks_back_learns_nothing(maya):
    closed, silent = make_user("Gone", is_active=False), make_user("Silent")
    make_review(author=maya)
    make_follow(mallory(), maya, State.BLOCKED)
    answers = []
    for person in (maya, closed, silent, User(pk=silent.pk + 1000)):
        client = visitor(mallory())
        done = do(client, "block", person, **{"from": "person"})
        assert (done.status_code, done.url) == (303, person_page(person))
        page, friends_page = client.get(person_page(person)), page_of(client)
        answers.append((page.status_code, page.content, part(friends_page, "blocked"), "Blocked." in friends_page))
    assert answers == [(404, answers[0][1], "", True)] * 4
    assert states() == {("Mallory", "Maya"): State.BLOCKED, ("Maya", "Mallory"): State.BLOCKED}
    do(visitor(maya), "unblock", mallory())
    work_off()
    assert "Maya" in part(page_of(visitor(mallory())), "blocked")


def test_nobody_finds_people_by_counting(maya):
    client = visitor(mallory())
    for deed in ("follow", "block"):
        do(client, deed, maya)
    assert states() == {}
    assert client.get(person_page(maya)).status_code == 404
    make_review(author=maya, is_hidden=True)
    assert client.get(person_page(maya)).status_code == 404


@pytest.mark.parametrize("state", [State.ASKED, State.ACCEPTED])
@pytest.mark.parametrize("is_mine", [True, False])
def test_who_is_tied_to_somebody_sees_them(customer, maya, state, is_mine):
    make_follow(*((steve(), maya) if is_mine else (maya, steve())), state)
    assert "Maya" in page_of(customer, person_page(maya))


def test_who_asked_by_e_mail_is_not_tied_by_that(customer, maya):
    make_follow(steve(), maya, State.ASKED, by_email=True)
    assert customer.get(person_page(maya)).status_code == 404


def test_people_are_looked_at_so_many_times_in_a_while(customer):
    for _ in range(120):
        assert customer.get(person_page(steve())).status_code == 200
    answer = customer.get(person_page(steve()))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_a_persons_page_asks_the_primary_few_things(customer, maya):
    make_review(author=maya)
    customer.get(person_page(maya))
    timing = customer.get(person_page(maya))["Server-Timing"]
    assert 'sql-default;desc="5 statements"' in timing  # the visitor; the two; who it is; how many reviews; which


def test_who_is_blocked_sees_no_activity_from_that_moment_on(maya):
    make_follow(mallory(), maya)
    make_review(author=maya, body="Bought two.")
    client = visitor(mallory())
    assert "Bought two." in page_of(client)
    do(visitor(maya), "block", mallory())
    for path in (FRIENDS, reverse("account"), reverse("news")):
        assert "Bought two." not in page_of(client, path)


def test_who_blocks_still_sees_the_page_and_can_take_it_back(customer, maya):
    make_review(author=maya)
    do(customer, "block", maya)
    page = page_of(customer, person_page(maya))
    assert "You have blocked them." in page and reverse("person_unblock", args=[maya.pk]) in page


# ---------------------------------------------------------------- what friends liked, elsewhere


def test_the_account_page_shows_what_friends_liked_and_who_asks(customer, maya):
    make_follow(steve(), maya)
    make_follow(mallory(), steve(), State.ASKED)
    make_review(author=maya, body="Bought two.")
    page = page_of(customer, reverse("account"))
    assert "Bought two." in part(page, "friends") and "1 asking" in page


def test_the_home_page_asks_for_it_apart(customer, maya):
    make_follow(steve(), maya)
    make_review(author=maya, body="Bought <b>two</b>.")
    response = customer.get(reverse("news"))
    assert "Bought &lt;b&gt;two&lt;/b&gt;." in response.json()["html"]
    assert response["Cache-Control"] == "private, no-store"
    home = page_of(customer, "/")
    assert "Bought" not in home and 'data-news="/friends.json"' in home
    assert home == page_of(visitor(), "/")


def test_nobody_and_who_has_no_news_get_nothing(client, customer):
    assert client.get(reverse("news")).json() == customer.get(reverse("news")).json() == {"html": ""}


@pytest.mark.django_db(transaction=True)
def test_the_small_call_of_every_page_still_asks_no_database(customer, maya):
    make_follow(steve(), maya)
    for address, statements in (("me", "0"), ("news", "1")):
        customer.get(reverse(address))
        assert behind.wait(PATIENCE_SECONDS)
        timing = customer.get(reverse(address))["Server-Timing"]
        assert f'sql-default;desc="{statements} statements"' in timing
        assert f'sql-{settings.REPLICAS[0]};desc="0 statements"' in timing


def test_a_stream_has_pages_that_nobody_can_break(customer, maya):
    make_follow(steve(), maya)
    for number in range(14):
        make_review(make_product(f"Loaf {number}"), maya)
    assert page_of(customer).count(" liked <a") == 12
    assert page_of(customer, f"{FRIENDS}?page=2").count(" liked <a") == 2
    for bad in ("3", "0", "-1", "x", "9" * 40):
        assert customer.get(FRIENDS, {"page": bad}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_whoever_has_done_something_sees_it_while_the_replicas_stand_still(customer, maya):
    make_follow(steve(), maya)
    make_follow(mallory(), steve(), State.ASKED)
    make_review(author=maya, body="Bought two.")
    assert "Bought two." in page_of(customer)
    with standing_still():
        do(customer, "accept", mallory())
        for _ in range(2):
            page = page_of(customer)
            assert "Mallory" in part(page, "followers") and not part(page, "asking")
        do(customer, "unfollow", maya)
        for path in (FRIENDS, reverse("account"), reverse("news")):
            assert "Bought two." not in page_of(customer, path)
        assert "Ask to follow" in page_of(customer, person_page(maya))
