"""Sessions and baskets away: pages as to nobody, writes a plain 503, no cookie changed, nothing lost."""

import pytest
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from scaling import census, lineage, stores

from ..factories import PASSWORD, make_product, steve


def refuse(self, command, check_health=True):
    raise RedisConnectionError("refused")


@pytest.fixture
def keep_away(monkeypatch):
    return lambda: monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)


pytestmark = pytest.mark.django_db(transaction=True)


def test_the_catalogue_answers_as_to_nobody(client, keep_away):
    loaf = make_product()
    client.force_login(steve())
    before = dict(client.cookies)
    keep_away()
    for path in ("/", loaf.get_absolute_url(), "/journal/", "/search/?q=loaf"):
        response = client.get(path)
        assert response.status_code == 200
        assert not response.cookies
    assert dict(client.cookies) == before


@pytest.mark.parametrize("name", ["basket", "account", "checkout", "sign_in"])
def test_what_needs_a_session_says_so_plainly(client, keep_away, name):
    client.force_login(steve())
    keep_away()
    response = client.get(reverse(name))
    assert response.status_code == 503
    assert response["Retry-After"] == "20"
    assert not response.cookies
    assert "Steve’s Bakery" in response.content.decode()


def test_a_write_that_cannot_be_kept_is_not_acknowledged(client, keep_away):
    user = steve()
    keep_away()
    response = client.post(reverse("sign_in"), {"username": user.email, "password": PASSWORD})
    assert response.status_code == 503
    assert not response.cookies
    response = client.post(reverse("basket_add"), {"product": make_product().pk, "n": 1})
    assert response.status_code == 503


def test_afterwards_the_visitor_is_still_signed_in(client, monkeypatch):
    client.force_login(steve())
    with monkeypatch.context() as away:
        away.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
        assert client.get(reverse("account")).status_code == 503
    assert client.get(reverse("account")).status_code == 200


def test_a_session_cookie_that_means_nothing_is_harmless(client):
    client.cookies["sessionid"] = "' OR 1=1 --" + "x" * 200
    assert client.get("/").status_code == 200
    assert client.get(reverse("account")).status_code == 302
    assert set(stores.keep().keys()) <= {census.VIEWS.encode(), lineage.KEY.encode()}
