"""A causal token comes back as it was given, from cookies that nobody else can make."""

import time
from http.cookies import Morsel

import pytest
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory

from scaling import tokens
from scaling.stores import keep
from scaling.tokens import DAY, MOST_COOKIES, MOST_OBJECTS, PREFIX, SALT, Token
from scaling.xray import measured

from .test_outages import refuse

TOKEN = Token({"0": 42, "7": 9}, {"product:1": 1_700_000_000_000_000}, 1_700_000_000_000_001, 3)


def given(token):
    response = HttpResponse()
    tokens.give(token, response)
    return response


def visit(*responses, **cookies):
    """The next request of a browser that was answered so, one after the other."""
    request = RequestFactory().get("/")
    for response in responses:
        for name, cookie in response.cookies.items():
            if cookie["max-age"] == 0:
                request.COOKIES.pop(name, None)
            else:
                request.COOKIES[name] = cookie.value
    request.COOKIES |= cookies
    return request


def only_cookie(response) -> Morsel:
    (cookie,) = response.cookies.values()
    return cookie


def is_dropped(response, id_):
    return PREFIX + id_ in response.cookies and response.cookies[PREFIX + id_]["max-age"] == 0


def seen(token):
    return token.position, token.objects, token.whole_since, token.epoch


def test_it_comes_back_as_it_was_given():
    response = given(TOKEN)
    token = tokens.brought(visit(response))
    assert seen(token) == seen(TOKEN)
    assert [PREFIX + id_ for id_ in token.ids] == list(response.cookies)


def test_who_has_written_nothing_has_none_and_costs_nothing():
    with measured() as cost:
        assert tokens.brought(visit(sessionid="x")) is None
    assert not cost.trips


def test_it_is_kept_for_a_day_in_both_places():
    cookie = only_cookie(given(TOKEN))
    assert cookie["max-age"] == DAY
    assert DAY - 60 < keep().ttl(f"token:{cookie.key.removeprefix(PREFIX)}") <= DAY


@pytest.mark.parametrize("is_secure", [True, False])
def test_the_cookie_is_for_no_script_and_no_other_site(settings, is_secure):
    settings.SESSION_COOKIE_SECURE = is_secure
    cookie = only_cookie(given(TOKEN))
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert bool(cookie["secure"]) is is_secure


def forgeries():
    packed, id_ = tokens._packed(TOKEN), "0123456789abcdef"
    ours = signing.dumps(packed, salt=SALT + id_)
    payload, rest = ours.split(":", 1)
    return {
        "another payload": f"{signing.dumps([{'0': 1}, {}, 0, 0], salt='another').split(':')[0]}:{rest}",
        "cut short": ours[:-1],
        "no signature": payload,
        "of another id": signing.dumps(packed, salt=SALT + "fedcba9876543210"),
        "foreign salt": signing.dumps(packed, salt="another"),
        "foreign key": signing.dumps(packed, key="another", salt=SALT + id_),
        "another shape": signing.dumps([1, 2], salt=SALT + id_),
        "a number": signing.dumps(7, salt=SALT + id_),
        "empty": "",
        "garbage": "\xff\xfe\x00:\udcff:" + "é" * 50,
        "long": "x:" * 5000,
    }


@pytest.mark.parametrize("forged", forgeries().values(), ids=forgeries())
def test_a_cookie_that_is_not_ours_counts_as_none_and_is_dropped(forged):
    id_ = "0123456789abcdef"
    keep().hset(f"token:{id_}", "p:0", 42)
    request, response = visit(**{PREFIX + id_: forged, "sessionid": "mine"}), HttpResponse()
    with measured() as cost:
        token = tokens.brought(request)
        tokens.forget_broken(request, token, response)
    assert token is None
    assert not cost.trips
    assert list(response.cookies) == [PREFIX + id_]
    assert is_dropped(response, id_)


def test_what_the_forgeries_are_made_of_is_ours_when_nothing_is_changed():
    id_ = "0123456789abcdef"
    ours = signing.dumps(tokens._packed(TOKEN), salt=SALT + id_)
    assert seen(tokens.brought(visit(**{PREFIX + id_: ours}))) == seen(TOKEN)


def test_a_cookie_moved_under_another_id_is_dropped_and_the_right_one_stays():
    cookie = only_cookie(given(TOKEN))
    request, response = visit(**{cookie.key: cookie.value, PREFIX + "fedcba9876543210": cookie.value}), HttpResponse()
    token = tokens.brought(request)
    assert token.ids == (cookie.key.removeprefix(PREFIX),)
    tokens.forget_broken(request, token, response)
    assert list(response.cookies) == [PREFIX + "fedcba9876543210"]


@pytest.mark.parametrize(("age", "counts"), [(DAY - 60, True), (DAY + 60, False)])
def test_a_cookie_older_than_a_day_counts_as_none(monkeypatch, age, counts):
    request = visit(given(TOKEN))
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + age)
    assert bool(tokens.brought(request)) is counts


def test_two_tokens_merge_by_maximum():
    one = Token({"0": 5, "1": 9}, {"product:1": 3, "product:2": 8}, 10, 1, ("a",))
    other = Token({"0": 6, "2": 1}, {"product:1": 4, "product:2": 7}, 20, 2, ("b",))
    objects = {"product:1": 4, "product:2": 8}
    assert one.merge(other) == Token({"0": 6, "1": 9, "2": 1}, objects, 20, 2, ("a", "b"))
    assert seen(other.merge(one)) == seen(one.merge(other))


def test_two_cookies_are_read_as_one_token_in_one_round_trip():
    request = visit(given(Token({"0": 5}, {"product:1": 3})), given(Token({"0": 4}, {"product:2": 1})))
    with measured() as cost:
        token = tokens.brought(request)
    assert cost.trips == {"keep": 1}
    assert seen(token) == ({"0": 5}, {"product:1": 3, "product:2": 1}, 0, 0)
    assert len(token.ids) == 2


def test_a_written_token_takes_the_place_of_those_it_was_made_of():
    first, second = given(Token({"0": 5})), given(Token({"0": 6}))
    token = tokens.brought(visit(first, second))
    response = given(Token({"0": 7}).merge(token))
    assert is_dropped(response, token.ids[1])
    after = tokens.brought(visit(first, second, response))
    assert (after.position, after.ids) == ({"0": 7}, token.ids[:1])


def test_what_another_window_wrote_is_merged_in():
    response = given(Token({"0": 5}, {"product:1": 3}))
    token = tokens.brought(visit(response))
    given(Token({"0": 9}, {"product:2": 1}, epoch=4).merge(token))
    assert seen(tokens.brought(visit(response))) == ({"0": 9}, {"product:1": 3, "product:2": 1}, 0, 4)


def test_an_older_write_takes_nothing_back():
    response = given(Token({"0": 9}, {"product:1": 3}, 50, 4))
    ids = tokens.brought(visit(response)).ids
    late = given(Token({"0": 5}, {"product:1": 2}, 40, 3, ids))
    assert seen(tokens.brought(visit(response, late))) == ({"0": 9}, {"product:1": 3}, 50, 4)


@pytest.mark.parametrize(("objects", "is_whole"), [(MOST_OBJECTS, False), (MOST_OBJECTS + 1, True)])
def test_with_too_many_objects_it_says_only_since_when(objects, is_whole):
    before = time.time_ns() // 1000
    named = {f"product:{pk}": 1 for pk in range(objects)}
    token = Token({"0": 5}, named).shortened()
    assert token.position == {"0": 5}
    assert token.objects == ({} if is_whole else named)
    assert (before <= token.whole_since <= time.time_ns() // 1000) is is_whole


def test_when_it_is_dropped_nothing_is_left():
    first = given(TOKEN)
    token, response = tokens.brought(visit(first)), HttpResponse()
    tokens.drop(token, response)
    assert is_dropped(response, token.ids[0])
    assert keep().keys("token:*") == []
    assert tokens.brought(visit(first, response)) is None


@pytest.mark.parametrize("more", [Token({"0": 43}), Token({"8": 1}), Token({}, {"product:2": 1}), Token(epoch=4)])
def test_it_is_not_dropped_when_another_window_has_written_meanwhile(more):
    token, response = tokens.brought(visit(given(TOKEN))), HttpResponse()
    given(more.merge(token))
    tokens.drop(token, response)
    assert not response.cookies
    assert keep().exists(f"token:{token.ids[0]}")


def test_of_two_only_the_one_that_nobody_wrote_to_is_dropped():
    first, second = given(Token({"0": 5})), given(Token({"0": 6}))
    token, response = tokens.brought(visit(first, second)), HttpResponse()
    given(Token({"0": 7}).merge(tokens.brought(visit(second))))
    tokens.drop(token, response)
    assert list(response.cookies) == list(first.cookies)


def test_one_that_was_dropped_meanwhile_goes_on_under_another_id():
    first = given(TOKEN)
    token = tokens.brought(visit(first))
    tokens.drop(token, HttpResponse())
    response = given(Token({"0": 50}).merge(token))
    assert is_dropped(response, token.ids[0])
    after = tokens.brought(visit(first, response))
    assert after.position["0"] == 50
    assert after.ids != token.ids


@pytest.mark.parametrize("down", ["given", "read", "both"])
def test_without_keep_the_cookie_says_it_all(monkeypatch, down):
    with monkeypatch.context() as away:
        if down != "read":
            away.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
        response = given(TOKEN)
    with monkeypatch.context() as away:
        if down != "given":
            away.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
        assert seen(tokens.brought(visit(response))) == seen(TOKEN)
    assert len(keep().keys("token:*")) == (down == "read")


def test_without_keep_the_cookie_is_dropped_all_the_same(monkeypatch):
    token, response = tokens.brought(visit(given(TOKEN))), HttpResponse()
    monkeypatch.setattr("scaling.xray.KeepConnection.send_packed_command", refuse)
    tokens.drop(token, response)
    assert is_dropped(response, token.ids[0])


def test_only_so_many_cookies_are_looked_at():
    request = visit(*(given(Token({}, {f"product:{pk}": 1})) for pk in range(MOST_COOKIES + 1)))
    token = tokens.brought(request)
    assert list(token.objects) == [f"product:{pk}" for pk in range(MOST_COOKIES)]
    assert len(token.ids) == MOST_COOKIES


@pytest.mark.parametrize("name", ["causal-[x]", "causal-", "causal-0123", "causal-0123456789ABCDEF", "causal-é"])
def test_a_name_that_we_never_gave_is_left_alone(name):
    request, response = visit(**{name: "1"}), HttpResponse()
    assert tokens.brought(request) is None
    tokens.forget_broken(request, None, response)
    assert not response.cookies


def test_two_that_name_many_objects_together_still_end():
    halves = [Token({"0": 5}, {f"product:{pk}": 1 for pk in range(first, first + 15)}) for first in (0, 15)]
    request = visit(*map(given, halves))
    token, response = tokens.brought(request), HttpResponse()
    assert (len(token.objects), token.whole_since) == (30, 0)
    tokens.drop(token, response)
    assert all(is_dropped(response, id_) for id_ in token.ids)
    assert keep().keys("token:*") == []


def test_with_more_cookies_than_are_read_everything_counts_as_changed_and_none_is_lost():
    request, response = visit(*[given(TOKEN) for _ in range(MOST_COOKIES + 1)]), HttpResponse()
    token = tokens.brought(request)
    tokens.forget_broken(request, token, response)
    assert len(token.ids) == MOST_COOKIES
    assert token.whole_since > TOKEN.whole_since
    assert not response.cookies
