"""A job is its owner's alone: its page, its picture, how it stands, and the mail that says how it ended."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from jobs.models import Job, State
from scaling.stores import cache
from shop import ownership
from shop.job_owners import REMEMBERED_JOBS, is_signed_job, signed_job
from shop.models import GuestAddress
from shop.tasks import forget_addresses, tell
from tests.factories import PASSWORD, mallory, steve

from .cakes import Painter, asked, form, pages_of, painted
from .people import visitor, work_off

pytestmark = pytest.mark.django_db(transaction=True)
MINE = "/jobs/mine.json"


def shown(client, job):
    return client.get(reverse("job", args=[job.key])).content.decode()


def picture(client, job, **query):
    return client.get(reverse("job_picture", args=[job.key]), query)


def mine(client):
    return client.get(MINE).json()["jobs"]


# ---------------------------------------------------------------- nobody else's


@pytest.mark.parametrize("who", [mallory, lambda: None], ids=["another customer", "a guest"])
def test_nobody_else_sees_or_changes_it_at_any_address(who):
    job = painted(asked(visitor(steve())))
    waiting = asked(visitor(steve()), inscription="Later")
    client = visitor(who())
    for each in (job, waiting):
        for method, address in pages_of(each):
            assert getattr(client, method)(address).status_code == 404, address
            assert client.head(address).status_code in (404, 405), address
    assert mine(client) == []
    waiting.refresh_from_db()
    assert waiting.state == State.QUEUED


def test_every_address_below_jobs_is_among_those_that_were_tried():
    """A new address of jobs must join `pages_of`, so that it is tried with a stranger's key."""
    names = {
        pattern.name
        for pattern in get_resolver().url_patterns
        if isinstance(pattern, URLPattern) and str(pattern.pattern).startswith("jobs/")
    }
    key = "0" * 32
    tried = {address for _, address in pages_of(Job(key=key))}
    assert {reverse(name, args=[key]) for name in names - {"jobs_mine"}} == tried


def test_one_guest_sees_nothing_of_another():
    first, second = visitor(), visitor()
    job = painted(asked(first))
    assert [row["key"] for row in mine(first)] == [job.key]
    asked(second, inscription="Mine")
    assert job.key not in {row["key"] for row in mine(second)}
    assert picture(second, job).status_code == 404


def test_equal_cakes_share_a_picture_but_not_its_address():
    theirs, own = asked(visitor(steve())), asked(visitor(mallory()))
    painted(theirs)
    assert own.render_id == theirs.render_id
    assert picture(visitor(mallory()), own).status_code == 200
    assert picture(visitor(mallory()), theirs).status_code == 404


def test_a_picture_is_not_to_be_had_by_its_name():
    client = visitor(steve())
    job = painted(asked(client))
    job.render.refresh_from_db()
    assert client.get(f"/media/{job.render.picture}").status_code == 404


def test_an_ended_session_opens_nothing():
    client = visitor(steve())
    job = painted(asked(client))
    customer = steve()
    customer.set_password("another-bread-8am")
    customer.save()
    assert client.get(reverse("job", args=[job.key])).status_code == 404
    assert picture(client, job).status_code == 404


# ---------------------------------------------------------------- from a guest to a customer


def test_what_a_guest_began_is_theirs_after_signing_in():
    client = visitor()
    steve()
    job = asked(client)
    client.post(reverse("sign_in"), {"username": "steve@example.com", "password": PASSWORD})
    job.refresh_from_db()
    assert job.owner == f"user:{steve().pk}"
    assert [row["key"] for row in mine(client)] == [job.key]
    assert shown(visitor(steve()), job)


def test_what_a_guest_began_is_theirs_after_opening_an_account():
    client = visitor()
    job = asked(client)
    client.post(reverse("sign_up"), {"name": "Nora", "email": "nora@example.com", "password": PASSWORD})
    job.refresh_from_db()
    assert job.owner == f"user:{client.session['_auth_user_id']}"
    assert shown(client, job)


def test_signing_out_hides_it():
    client = visitor(steve())
    job = asked(client)
    client.post(reverse("sign_out"))
    assert client.get(reverse("job", args=[job.key])).status_code == 404
    assert mine(client) == []


# ---------------------------------------------------------------- its page and its picture


def test_while_it_is_painted_the_page_shows_how_far_it_is():
    client = visitor()
    job = asked(client)
    painter = Painter(job)
    painter.coat(3)
    page = shown(client, job)
    assert "<title>50 %, your cake" in page
    assert "About 24 seconds to go." in page
    assert page.count('<li class="on">') == 3
    assert f'src="{reverse("job_picture", args=[job.key])}?n=3"' in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_page_that_is_finished_does_not_ask_again():
    client = visitor()
    page = shown(client, painted(asked(client)))
    assert "There it is." in page
    assert "http-equiv" not in page
    assert "job.js" not in page


def test_a_picture_by_its_number_is_kept_by_its_owner_alone():
    client = visitor()
    job = asked(client)
    assert picture(client, job, n=1).status_code == 404
    painter = Painter(job)
    painter.coat(2)
    found = picture(client, job, n=2)
    assert found["Content-Type"] == "image/webp"
    assert b"".join(found.streaming_content)[8:12] == b"WEBP"
    assert "private" in found["Cache-Control"]
    assert "immutable" in found["Cache-Control"]
    assert "public" not in found["Cache-Control"]
    for number in ("1", "3", "", "x"):
        other = picture(client, job, n=number)
        assert other.status_code == 200
        assert set(other["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_stopping_and_painting_after_all():
    client = visitor()
    job = asked(client)
    client.post(reverse("job_cancel", args=[job.key]))
    assert "Paint it after all" in shown(client, job)
    assert mine(client) == []
    client.post(reverse("job_retry", args=[job.key]))
    job.refresh_from_db()
    assert job.state == State.QUEUED
    assert client.get("/me.json").json()["jobs"]


def test_a_failed_picture_says_so_without_our_reasons_and_is_tried_again():
    client = visitor()
    job = asked(client)
    Painter(job).fail()
    page = shown(client, job)
    assert "The picture did not come out." in page
    assert "OutOfColours" not in page
    assert [row["state"] for row in mine(client)] == ["failed"]
    client.post(reverse("job_retry", args=[job.key]))
    assert "Your cake waits its turn." in shown(client, job)


def test_trying_again_past_three_is_refused_kindly():
    client = visitor()
    failed = asked(client)
    Painter(failed).fail()
    for number in range(3):
        asked(client, inscription=f"Number {number}")
    client.post(reverse("job_retry", args=[failed.key]))
    assert "3 cakes are being painted for you already." in shown(client, failed)


@pytest.mark.parametrize("name", ["job_cancel", "job_retry", "job_basket"])
def test_looking_changes_nothing(name):
    client = visitor()
    assert client.get(reverse(name, args=[asked(client).key])).status_code == 405


# ---------------------------------------------------------------- how it stands, asked by every page


def test_it_says_what_the_notice_shows():
    client = visitor()
    job = asked(client)
    painter = Painter(job)
    painter.coat(3)
    (row,) = mine(client)
    assert row["is_running"]
    assert (row["progress"], row["coats"], row["left"]) == (50, 3, "About 24 seconds to go.")
    assert row["picture"] == f"/jobs/{job.key}/picture?n=3"
    assert row["url"] == f"/jobs/{job.key}/"


def test_asking_again_costs_no_sql_and_is_answered_in_a_line(django_assert_num_queries):
    client = visitor(steve())
    asked(client)
    first = client.get(MINE)
    with django_assert_num_queries(0):
        again = client.get(MINE, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "private" in first["Cache-Control"]
    assert "no-cache" in first["Cache-Control"]


def test_it_is_another_answer_once_something_has_moved():
    client = visitor()
    painter = Painter(asked(client))
    before = client.get(MINE)["ETag"]
    painter.coat()
    moved = client.get(MINE, headers={"if-none-match": before})
    assert moved.status_code == 200
    assert moved.json()["jobs"][0]["picture"]


def test_a_flushed_cache_is_read_once_and_put_back(django_assert_num_queries):
    client = visitor()
    asked(client)
    cache().flushall()
    mine(client)
    with django_assert_num_queries(0):
        assert len(mine(client)) == 1


def test_who_has_no_jobs_is_not_sent_to_ask(django_assert_num_queries):
    client = visitor()
    with django_assert_num_queries(0):
        assert client.get("/me.json").json()["jobs"] is False
        assert mine(client) == []
    asked(client)
    with django_assert_num_queries(0):
        assert client.get("/me.json").json()["jobs"] is True


def test_who_has_none_any_more_is_sent_no_longer():
    client = visitor(steve())
    assert client.get("/me.json").json()["jobs"] is True
    mine(client)
    assert client.get("/me.json").json()["jobs"] is False


def test_a_page_of_the_shop_knows_of_no_cake():
    client = visitor()
    job = asked(client)
    for path in ("/", "/shelves/"):
        assert job.key not in client.get(path).content.decode()
        assert client.get(path).content == visitor().get(path).content


# ---------------------------------------------------------------- the mail


def link_in(letter):
    return re.search(r"http://127\.0\.0\.1:8000(\S+)", letter.body)[1]


def test_the_owner_is_told_once_when_it_is_done():
    job = painted(asked(visitor(steve())))
    work_off()
    tell.run([[1, job.key]])
    (letter,) = mail.outbox
    assert letter.to == [steve().email]
    assert letter.subject == "Your cake is ready to be looked at"


def test_a_guest_is_told_where_they_said():
    job = painted(asked(visitor(), email="nora@example.com"))
    assert GuestAddress.objects.get().job_key == job.key
    work_off()
    assert [letter.to for letter in mail.outbox] == [["nora@example.com"]]
    assert not GuestAddress.objects.exists()


def test_a_guest_who_left_no_address_is_not_written_to():
    painted(asked(visitor()))
    work_off()
    assert mail.outbox == []


def test_a_failure_is_told_and_so_is_the_success_after_it():
    client = visitor(steve())
    job = asked(client)
    Painter(job).fail()
    work_off()
    client.post(reverse("job_retry", args=[job.key]))
    job.refresh_from_db()
    painted(job)
    work_off()
    assert [letter.subject for letter in mail.outbox] == [
        "Your cake’s picture did not come out",
        "Your cake is ready to be looked at",
    ]
    assert len({letter.extra_headers["Message-ID"] for letter in mail.outbox}) == 2


def test_a_mail_that_cannot_be_sent_is_sent_later(monkeypatch):
    painted(asked(visitor(steve())))

    def refuse(*args):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
        with pytest.raises(ConnectionRefusedError):
            work_off()
    work_off()
    assert len(mail.outbox) == 1


def test_the_words_of_a_stranger_are_not_mailed():
    painted(asked(visitor(), inscription="Buy now", email="nora@example.com"))
    work_off()
    assert "Buy" not in mail.outbox[0].body + mail.outbox[0].subject


def test_the_mails_link_shows_that_job_alone_and_leaves_the_address():
    owner = visitor(steve())
    job, other = painted(asked(owner)), painted(asked(owner, inscription="Another"))
    work_off()
    client = visitor()
    address = link_in(mail.outbox[0])
    opened = client.get(address)
    assert (opened.status_code, opened["Location"]) == (303, f"/jobs/{job.key}/")
    assert "There it is." in shown(client, job)
    assert picture(client, job).status_code == 200
    assert client.get(reverse("job", args=[other.key])).status_code == 404
    assert mine(client) == []


@pytest.mark.parametrize("sign", ["", "x", "{}"])
def test_a_link_that_was_not_signed_for_it_opens_nothing(sign):
    owner = visitor(steve())
    job, other = asked(owner), asked(owner, inscription="Another")
    sign = sign.format(signed_job(other.key)) if sign == "{}" else sign
    client = visitor(mallory())
    assert client.get(reverse("job", args=[job.key]), {"sign": sign}).status_code == 404
    assert REMEMBERED_JOBS not in client.session


def test_who_was_given_the_link_neither_stops_it_nor_tries_again():
    job = asked(visitor(steve()))
    given = visitor()
    given.get(reverse("job", args=[job.key]), {"sign": signed_job(job.key)})
    page = given.get(reverse("job", args=[job.key])).content.decode()
    assert reverse("job_cancel", args=[job.key]) not in page
    for name in ("job_cancel", "job_retry"):
        assert given.post(reverse(name, args=[job.key])).status_code == 404
    job.refresh_from_db()
    assert job.state == State.QUEUED


def test_a_link_ends(monkeypatch):
    sign = signed_job("k" * 32)
    monkeypatch.setattr(ownership, "LINK_SECONDS", -1)
    assert not is_signed_job("k" * 32, sign)


def test_a_corrected_address_is_the_one_that_is_written_to():
    client = visitor()
    typed = form(client)
    for email in ("stev@example.com", "steve@example.com"):
        client.post(reverse("cakes"), typed | {"email": email})
    assert GuestAddress.objects.get().email == "steve@example.com"


@pytest.mark.parametrize(("days", "left"), [(None, 1), (6, 1), (8, 0)])
def test_the_address_of_a_guest_is_forgotten_a_week_after_the_end(days, left):
    job = asked(visitor(), email="steve@example.com")
    if days:
        Job.objects.update(state=State.CANCELLED, finished_at=timezone.now() - timedelta(days=days))
    forget_addresses()
    assert GuestAddress.objects.filter(job_key=job.key).count() == left


@pytest.mark.parametrize("page", ["cakes", "account"])
def test_an_owner_finds_their_cakes_again(page):
    client = visitor(steve())
    done, waiting = painted(asked(client, inscription="For <Ada>")), asked(client, inscription="For Maya")
    text = client.get(reverse(page)).content.decode()
    for job in (done, waiting):
        assert f'href="{reverse("job", args=[job.key])}"' in text
    assert "For &lt;Ada&gt;" in text
    other = visitor(mallory()).get(reverse(page)).content.decode()
    assert "Ada" not in other and "Maya" not in other


def test_the_sheet_says_with_what_the_letters_are_piped():
    client = visitor()
    page = shown(client, asked(client, cream="raspberry", glaze="vanilla"))
    assert "<dt>Cream</dt><dd>Raspberry cream</dd>" in page and "<dt>Letters</dt><dd>Cocoa cream</dd>" in page
