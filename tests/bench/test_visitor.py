"""The visitor of the proofs reads a page as a browser does."""

from email.message import Message

import pytest

from bench.visitor import Page

FORMS = b"""
<form action="/find/"><input name="q"></form>
<form action="/order/" method="post">
<input type="hidden" name="key" value="abc"><input name="name" value="Nora"><input name="old" value="x" disabled>
<input type="radio" name="slot" value="1"><input type="radio" name="slot" value="2" checked>
<input type="checkbox" name="news">
<select name="day"><option value="mon">Monday</option><option value="tue" selected>Tuesday</option></select>
<textarea name="note">
Ring &amp; wait</textarea>
<button name="then" value="pay">Pay</button></form>
<a href="../there/">There</a>
"""


@pytest.fixture
def page():
    return Page(200, "http://127.0.0.1/here/", Message(), FORMS)


def test_a_form_sends_what_a_browser_would_send(page):
    expected = {"key": "abc", "name": "Nora", "slot": "2", "day": "tue", "note": "Ring & wait"}
    assert dict(page.form("key").fields) == expected


def test_what_is_filled_in_replaces_what_was_there(page):
    sent = dict(page.form("slot", "key").filled({"slot": 1, "then": "pay"}))
    assert (sent["slot"], sent["then"], sent["name"]) == ("1", "pay", "Nora")


def test_the_choices_of_a_form_are_known(page):
    assert page.form("slot").choices["slot"] == ["1", "2"]


def test_a_missing_form_and_a_missing_link_are_errors(page):
    assert page.link("there") == "http://127.0.0.1/there/"
    with pytest.raises(LookupError):
        page.form("password")
    with pytest.raises(LookupError):
        page.link("nowhere")
