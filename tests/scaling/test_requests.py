"""Every request has an id, which nobody forges into something else, and one line in the log where that is wanted."""

import logging

import pytest
from django.http import HttpResponse
from django.urls import reverse

from scaling.requests import HEADER, RequestMiddleware, on_behalf_of, request_id

MADE = 32


def test_what_the_proxy_calls_a_request_it_is_called(client):
    answer = client.get("/livez", headers={HEADER: "0123456789abcdef-A"})
    assert answer[HEADER] == "0123456789abcdef-A"


@pytest.mark.parametrize("brought", ["", "short", "a" * 65, "two words12", "línea-de-ocho", 'a"b"c"d"e"'])
def test_an_id_that_must_not_stand_in_a_log_is_replaced(client, brought):
    made = client.get("/livez", headers={HEADER: brought})[HEADER]
    assert made != brought
    assert len(made) == MADE
    assert made.isalnum()


def test_two_requests_are_told_apart(client):
    assert client.get("/livez")[HEADER] != client.get("/livez")[HEADER]


def test_the_id_is_known_while_the_request_is_answered_and_not_after(rf):
    seen = []

    def view(request):
        seen.append(request_id())
        return HttpResponse()

    answer = RequestMiddleware(view)(rf.get("/"))
    assert seen == [answer[HEADER]]
    assert request_id() == ""


def test_what_is_done_for_another_request_ends_with_the_block():
    with on_behalf_of("outer-one"):
        with on_behalf_of("inner-one"):
            assert request_id() == "inner-one"
        assert request_id() == "outer-one"
    assert request_id() == ""


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "scaling.requests")
    return lambda: [record for record in caplog.records if record.name == "scaling.requests"]


def test_a_request_is_told_of_in_one_line_without_its_query(client, told):
    client.get("/robots.txt?secret=1")
    [record] = told()
    assert record.getMessage().startswith("GET /robots.txt 200 ")
    assert "secret" not in str(record.__dict__)
    assert record.fields | {"ms": 0} == {
        "method": "GET",
        "path": "/robots.txt",
        "status": 200,
        "ms": 0,
        "view": "robots",
    }


@pytest.mark.django_db
def test_a_token_in_an_address_stands_in_no_log(client, told):
    client.get(reverse("password_reset_confirm", args=["MQ", "abc123-secret"]))
    assert [record.fields["path"] for record in told()] == ["/account/password/reset/MQ/…/"]


@pytest.mark.django_db
def test_no_address_begins_another_line(client, told):
    client.get("/nowhere%0AGET /account/ 200/")
    assert [record.fields["path"] for record in told()] == ["/nowhere%0AGET%20/account/%20200/"]


@pytest.mark.django_db
def test_what_no_view_answers_has_none(client, told):
    client.get("/there-is-nothing-here/")
    assert [(record.fields["status"], record.fields["view"]) for record in told()] == [(404, "")]


def test_on_one_machine_nothing_is_told(client, caplog, settings):
    assert settings.LOGGING["loggers"]["scaling.requests"]["level"] == "WARNING"
    client.get(reverse("robots"))
    assert "GET" not in caplog.text
