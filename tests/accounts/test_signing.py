import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from accounts.forms import SignUpForm
from tests.factories import PASSWORD, ada, mallory, steve

pytestmark = pytest.mark.django_db
User = get_user_model()
ANA = {"name": "Ana Petrović", "email": "ana@example.com", "password": "seven-grains-1"}


def sign_in(client, email="steve@example.com", password=PASSWORD, **more):
    return client.post(reverse("sign_in"), {"username": email, "password": password} | more)


def is_signed_in(client):
    return client.get(reverse("account")).status_code == 200


def key_of(client):
    return client.cookies["sessionid"].value


def test_a_new_customer_is_signed_in_at_once_under_a_new_key_and_keeps_the_basket(client):
    session = client.session
    session["basket"] = "a-basket"
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    response = client.post(reverse("sign_up"), ANA)
    assert response.status_code == 302 and response.url == reverse("account")
    assert key_of(client) != before
    assert client.session["basket"] == "a-basket"
    assert is_signed_in(client)
    assert User.objects.get().check_password(ANA["password"])


def test_the_e_mail_is_kept_in_lower_case_and_any_case_signs_in(client):
    client.post(reverse("sign_up"), ANA | {"email": "Ana@Example.COM"})
    assert User.objects.get().email == "ana@example.com"
    assert sign_in(Client(), " ANA@example.com", ANA["password"]).status_code == 302


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "Ana\nBcc: all@example.com"),
        ("name", "x" * 81),
        ("email", "ana at home"),
        ("email", "a" * 250 + "@example.com"),
        ("password", "short"),
        ("password", "password123"),
        ("password", "ana@example.com"),
    ],
)
def test_what_is_wrong_stands_beside_the_field_and_the_rest_is_kept(client, field, typed):
    response = client.post(reverse("sign_up"), ANA | {field: typed})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert ANA["password"] not in page
    if field != "email":
        assert 'value="ana@example.com"' in page
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [("12345", "A few things need another look"), ("oven", "One thing needs another look")],
)
def test_what_is_wrong_is_counted_by_its_lines(client, typed, words):
    """`12345` is too short and too common: two lines, of one field."""
    page = client.post(reverse("sign_up"), ANA | {"password": typed}).content.decode()
    lines = page.count('<li><a href="#id_password">')
    assert (words in page, lines) == (True, 2 if typed == "12345" else 1)


def test_an_address_that_has_an_account_is_shown_the_way_on(client):
    steve()
    response = client.post(reverse("sign_up"), ANA | {"email": "Steve@example.com"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "sign in, or have a new password sent" in page
    assert reverse("password_reset") in page
    assert User.objects.count() == 1


def test_of_two_who_take_one_address_at_once_the_second_is_told(client, monkeypatch):
    steve()
    monkeypatch.setattr(SignUpForm, "refuse_taken", lambda form: None)
    response = client.post(reverse("sign_up"), ANA | {"email": "steve@example.com"})
    assert response.status_code == 422 and 'id="id_email_error"' in response.content.decode()
    assert not is_signed_in(client)


def test_half_a_form_does_not_tell_who_has_an_account(client):
    steve()
    answers = [
        client.post(reverse("sign_up"), ANA | {"email": email, "password": "short"}).content.decode()
        for email in ("steve@example.com", "nobody@example.com")
    ]
    assert not any("have a new password sent." in page and "cannot open" in page for page in answers)


def test_signing_in_gives_the_session_a_new_key(client):
    steve()
    session = client.session
    session["basket"] = "a-basket"
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    assert sign_in(client).url == reverse("account")
    assert key_of(client) != before
    assert client.session["basket"] == "a-basket"
    old = Client()
    old.cookies["sessionid"] = before
    assert not is_signed_in(old) and "basket" not in old.session


def test_a_session_signed_out_is_dead_on_the_server(client):
    steve()
    sign_in(client)
    stolen = Client()
    stolen.cookies["sessionid"] = key_of(client)
    assert is_signed_in(stolen)
    client.post(reverse("sign_out"))
    assert not is_signed_in(client) and not is_signed_in(stolen)


def test_signing_out_needs_a_post(client):
    steve()
    sign_in(client)
    assert client.get(reverse("sign_out")).status_code == 405
    assert is_signed_in(client)


def test_the_session_holds_the_name_and_the_picture(client):
    user = steve()
    user.name, user.picture = "Steve Miller", "people/abc-400.webp"
    user.save()
    sign_in(client)
    assert client.session["name"] == "Steve"
    assert client.session["picture"] == "/media/people/abc-400.webp"


def test_whoever_comes_in_by_the_bakers_door_has_a_name_too(client):
    ada()
    client.post(reverse("admin:login"), {"username": "ada@example.com", "password": PASSWORD})
    assert client.session["name"] == "Ada"


def test_somebody_else_signing_in_does_not_inherit_the_session(client):
    steve(), mallory()
    sign_in(client)
    session = client.session
    session["basket"] = "steves"
    session.save()
    client.post(reverse("sign_out"))
    sign_in(client, "mallory@example.com")
    assert "basket" not in client.session and client.session["name"] == "Mallory"


@pytest.mark.parametrize("where", ["/shelves/", "/products/3/review/?x=1#form"])
def test_after_signing_in_one_is_back_where_one_was(client, where):
    steve()
    assert sign_in(client, next=where).url == where


@pytest.mark.parametrize("where", ["/shelves/", "https://evil.example/"])
def test_signing_up_goes_back_likewise(client, where):
    response = client.post(reverse("sign_up"), ANA | {"next": where})
    assert response.url == (where if where.startswith("/") else reverse("account"))


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "///evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        " https://evil.example",
        "\x08//evil.example",
        "https://testserver@evil.example/",
        "/account/sign-in/",
        "/account/sign-up/?next=/",
        "/account/sign-out/",
        "http://[::1",
    ],
)
def test_nobody_is_sent_elsewhere(client, where):
    steve()
    assert sign_in(client, next=where).url == reverse("account")
    again = client.get(reverse("sign_in"), {"next": where})
    assert (again.status_code, again.url) == (302, reverse("account"))


def test_wrong_passwords_and_unknown_addresses_get_the_same_words(client):
    steve()
    known = sign_in(client, password="not-this-one")
    unknown = sign_in(client, "nobody@example.com", "not-this-one")
    assert known.status_code == unknown.status_code == 422
    pages = [answer.content.decode() for answer in (known, unknown)]
    assert "do not go together" in pages[0] and "not-this-one" not in pages[0]
    assert pages[0].count("do not go together") == 1
    assert "Password: " not in pages[0]
    assert 'value="steve@example.com"' in pages[0]
    own = re.compile(r"csrfmiddlewaretoken.*|(steve|nobody)@example.com")
    assert own.sub("", pages[0]) == own.sub("", pages[1])


def test_a_closed_account_looks_like_a_wrong_password(client):
    user = steve()
    user.is_active = False
    user.save()
    response = sign_in(client)
    assert response.status_code == 422 and "do not go together" in response.content.decode()


def test_signing_in_too_often_with_one_address_means_waiting(client):
    steve()
    for _ in range(10):
        assert sign_in(client, password="wrong").status_code == 422
    response = sign_in(client)
    page = response.content.decode()
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 600
    assert "Come back at" in page and 'value="steve@example.com"' in page
    assert PASSWORD not in page
    assert sign_in(client, "mallory@example.com", "wrong").status_code == 422


def test_signing_in_rightly_is_never_counted(client):
    steve()
    for _ in range(12):
        assert sign_in(Client()).status_code == 302


def test_one_address_of_the_net_cannot_try_everybody(client):
    for n in range(60):
        assert sign_in(client, f"guess-{n}@example.com", "wrong").status_code == 422
    assert sign_in(client, "guess-61@example.com", "wrong").status_code == 429


def test_signing_up_too_often_means_waiting(client):
    for _ in range(40):
        assert client.post(reverse("sign_up"), {}).status_code == 422
    response = client.post(reverse("sign_up"), ANA)
    assert response.status_code == 429 and 'value="Ana Petrović"' in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["sign_in", "sign_up", "sign_out", "password_reset"])
def test_a_post_without_a_token_is_refused(name):
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse(name), ANA).status_code == 403


def test_a_post_with_the_token_of_the_page_is_taken():
    steve()
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("sign_in"))
    token = client.cookies["csrftoken"].value
    assert sign_in(client, csrfmiddlewaretoken=token).status_code == 302


@pytest.mark.parametrize("cookie", ["", "x", "no such session at all", "a" * 5000, "../../etc/passwd", "\xff\x00"])
def test_a_broken_session_cookie_is_nobody(client, cookie):
    client.cookies["sessionid"] = cookie
    assert client.get(reverse("sign_in")).status_code == 200
    assert client.get(reverse("account")).status_code == 302
    steve()
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)


@pytest.mark.parametrize("typed", [{"username": "\x00"}, {"username": "a@b.de\x00", "password": "\x00"}, {}])
def test_hostile_input_is_wrong_input(client, typed):
    assert client.post(reverse("sign_in"), typed).status_code == 422
