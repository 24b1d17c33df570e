import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.tasks import send_password_reset
from jobs.models import Outbox
from tests.factories import PASSWORD, steve

pytestmark = pytest.mark.django_db
NEW = "rye-and-caraway-8"


def signed_in(user):
    client = Client()
    assert client.post(reverse("sign_in"), {"username": user.email, "password": PASSWORD}).status_code == 302
    return client


def ask(client, email):
    return client.post(reverse("password_reset"), {"email": email})


def do(subject):
    """What the worker does with the outbox row."""
    row = Outbox.objects.create(task=send_password_reset.name, subject=str(subject))
    send_password_reset([[row.pk, row.subject]])
    assert not Outbox.objects.filter(pk=row.pk).exists()


def link_of(user):
    """The path that the mail names."""
    do(user.pk)
    return re.search(r"http://\S+?(/account/\S+)", mail.outbox[-1].body)[1]


def choose(client, link, password=NEW):
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    return client.post(path, {"new_password1": password, "new_password2": password})


def test_changing_the_password_ends_all_other_sessions():
    user = steve()
    here, elsewhere = signed_in(user), signed_in(user)
    typed = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert here.post(reverse("password"), typed).url == reverse("details")
    assert here.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old_password": "not-mine-at-all"}, "old_password"),
        ({"new_password2": "something-else-9"}, "new_password2"),
        ({"new_password1": "short", "new_password2": "short"}, "new_password2"),
    ],
)
def test_a_change_that_cannot_be_stands_beside_its_field(typed, field):
    client = signed_in(steve())
    right = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    response = client.post(reverse("password"), right | typed)
    page = response.content.decode()
    assert response.status_code == 422 and f"id_{field}_error" in page
    assert not any(password in page for password in (PASSWORD, NEW, *typed.values()) if password != "short")


def test_guessing_the_old_password_means_waiting():
    client = signed_in(steve())
    typed = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    for _ in range(10):
        assert client.post(reverse("password"), typed).status_code == 422
    right = client.post(reverse("password"), typed | {"old_password": PASSWORD})
    assert right.status_code == 429 and "Retry-After" in right


def test_the_answer_to_a_reset_does_not_tell_who_is_a_customer(client):
    user = steve()
    answers = [ask(Client(), email) for email in (user.email.upper(), "nobody@example.com")]
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, reverse("password_reset_sent"))] * 2
    cookies = [[name.partition("-")[0] for name in answer.cookies] for answer in answers]
    assert cookies[0] == cookies[1]
    subjects = (
        Outbox.objects.filter(task="accounts.tasks.send_password_reset")
        .order_by("pk")
        .values_list("subject", flat=True)
    )
    assert list(subjects) == [str(user.pk), "0"]
    do("0")
    assert mail.outbox == []
    assert client.get(reverse("password_reset_sent")).status_code == 200


def test_the_mail_names_our_own_address_and_holds_no_html(client, settings):
    user = steve()
    client.post(reverse("password_reset"), {"email": user.email}, headers={"host": "evil.example"})
    link_of(user)
    message = mail.outbox[0]
    assert message.to == [user.email]
    assert f"{settings.SITE_URL}/account/password/reset/" in message.body
    assert "<" not in message.body and "evil" not in message.body


def test_the_link_sets_a_new_password_once(client):
    user = steve()
    elsewhere = signed_in(user)
    link = link_of(user)
    assert choose(client, link).url == reverse("sign_in")
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert elsewhere.get(reverse("account")).status_code == 302
    assert Client().get(link).status_code == 410


def test_a_second_run_of_the_task_leaves_one_link_that_works(client):
    user = steve()
    first, second = link_of(user), link_of(user)
    assert choose(client, first).status_code == 302
    assert Client().get(second).status_code == 410


def test_a_weak_new_password_is_refused_beside_the_field(client):
    user = steve()
    response = choose(client, link_of(user), "password")
    assert response.status_code == 422 and "id_new_password2_error" in response.content.decode()


@pytest.mark.parametrize("uid", ["MQ", "!!", "4pyT", "x" * 300])
@pytest.mark.parametrize("token", ["x", "set-password", "c0ffee-" + "0" * 32])
def test_a_made_up_link_is_a_page(client, uid, token):
    response = client.get(reverse("password_reset_confirm", args=[uid, token]))
    assert response.status_code == 410 and "fresh link" in response.content.decode()


@pytest.mark.parametrize("gone", ["999999", "0"])
def test_the_mail_to_somebody_who_left_is_not_sent(gone):
    do(gone)
    assert mail.outbox == []


def test_one_address_is_not_flooded_with_mail(client):
    for email in ("steve@example.com", "nobody@example.com"):
        answers = [ask(client, email).status_code for _ in range(5)]
        assert answers == [302] * 4 + [429]
