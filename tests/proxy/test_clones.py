"""What is passed to the clones, and what becomes of a request when one of them fails."""

import threading

import pytest

from accounts.uploads import MAX_BYTES
from scaling.requests import FITS
from shop.nginx_files import BODY_MB
from tests.servers import wait_until

from .standin import connect, everything


def test_who_asks_is_said_by_the_proxy_alone(house):
    lies = {
        "X_Forwarded_For": "192.0.2.1",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Real_IP": "192.0.2.1",
        "X_Request_ID": "evil-request-id",
        "Forwarded": "for=192.0.2.1;proto=https",
        "Proxy": "http://evil.example",
    }
    house.ask("/account/", Host="bakery.example:8000", **lies)
    (asked,) = house.asked()
    assert asked.headers.get_all("X-Forwarded-For") == ["127.0.0.1"]
    assert asked.headers.get_all("X-Forwarded-Proto") == ["http"]
    assert asked.headers.get_all("X-Forwarded-Host")[-1:] == asked.headers.get_all("Host")
    assert {asked.headers[name] for name in ("X-Real-IP", "Forwarded", "Proxy")} == {None}
    assert "evil" not in str(asked.headers)


def test_every_request_is_called_something_else(house):
    for _ in range(2):
        house.ask("/account/")
    first, second = (asked.headers["X-Request-ID"] for asked in house.asked())
    assert first != second
    assert FITS.fullmatch(first)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 429, 500, 502, 503, 504])
def test_a_clones_own_answer_passes_unchanged_and_is_asked_for_once(house, status, method):
    for clone in house.clones:
        clone.answers["/account/"] = (status, b"in the clone's words")
    answer = house.ask("/account/", method)
    assert (answer.status, answer.body) == (status, b"in the clone's words")
    assert answer.headers["X-Clone"] in {clone.address for clone in house.clones}
    assert answer.headers["Retry-After"] is None
    assert len(house.asked()) == 1


def test_no_clone_is_given_up_for_saying_503(house):
    """A server behind them is away, and each of them says so. The rest of the shop goes on."""
    for clone in house.clones:
        clone.answers["/account/"] = (503, b"shortly")
    assert [house.ask("/account/").status for _ in range(20)] == [503] * 20
    assert house.is_live(house.ask("/search/"))


def test_with_one_of_two_clones_dead_nothing_fails_and_nothing_is_done_twice(own_house):
    own_house.clones[0].close()
    assert all(own_house.is_live(own_house.ask(f"/search/?q={turn}")) for turn in range(20))
    assert all(own_house.is_live(own_house.ask(f"/checkout/?{turn}", "POST", body=b"n=1")) for turn in range(20))
    posts = [each.path for each in own_house.asked() if each.method == "POST"]
    assert posts == [f"/checkout/?{turn}" for turn in range(20)]


def test_a_clone_that_is_back_answers_though_every_one_was_given_up(own_house):
    first, second = own_house.clones
    first.close()
    for method in ["GET", "POST"] * 10:
        assert own_house.is_live(own_house.ask("/account/", method))
    first.open(first.server.server_port)
    second.close()
    assert all(own_house.is_live(own_house.ask("/account/", method)) for method in ["GET", "POST"] * 10)


def test_a_get_that_a_clone_drops_is_answered_by_the_other(house):
    house.clones[0].answers["/account/"] = lambda: None
    assert [house.ask("/account/").body for _ in range(4)] == [b"live /account/"] * 4
    assert house.clones[0].asked != []


def test_a_post_that_a_clone_drops_is_never_sent_again(house):
    for clone in house.clones:
        clone.answers["/checkout/"] = lambda: None
    answer = house.ask("/checkout/", "POST", body=b"n=1")
    assert (answer.status, answer.text) == (503, "the dough is resting")
    assert len(house.asked()) == 1


def test_a_post_goes_over_a_connection_of_its_own_and_gets_share_theirs(house):
    for _ in range(40):
        house.ask("/account/")
        house.ask("/account/", "POST")
    gets, posts = ([each.connection for each in house.asked() if each.method == method] for method in ("GET", "POST"))
    assert len(set(gets)) < len(gets) == 40
    assert len(set(posts)) == len(posts) == 40
    assert not set(gets) & set(posts)


def test_a_clone_meets_a_request_when_it_is_whole(house):
    with connect(house) as visitor:
        visitor.sendall(b"POST /slow/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nn=")
        for _ in range(8):
            house.ask("/account/")
        assert "/slow/" not in [path for clone in house.clones for path in clone.begun]
        visitor.sendall(b"12")
        assert b"live /slow/" in everything(visitor)
    assert [each.body for each in house.asked() if each.path == "/slow/"] == [b"n=12"]


def test_the_largest_picture_passes_and_what_is_much_larger_is_told_so(house):
    assert MAX_BYTES < BODY_MB * 2**20
    assert house.is_live(house.ask("/account/picture/", "POST", body=bytes(MAX_BYTES + 10_000)))
    answer = house.ask("/account/picture/", "POST", length=BODY_MB * 2**20 + 1)
    assert (answer.status, answer.text.partition(",")[0]) == (413, "That is larger than 10 MB")
    assert len(house.asked()) == 1


def test_other_clones_are_asked_after_a_reload_and_nobody_is_cut_off(own_house):
    first, second = own_house.clones
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def wait():
        begun.set()
        go_on.wait(60)
        return (200, b"at last")

    first.answers["/slow/"] = wait
    own_house.proxy.reload(first.address)
    visitor = threading.Thread(target=lambda: answers.append(own_house.ask("/slow/").body))
    visitor.start()
    assert begun.wait(60)
    own_house.proxy.reload(second.address)
    before = len(first.asked)
    assert all(own_house.is_live(own_house.ask(f"/search/?{turn}")) for turn in range(20))
    assert len(first.asked) == before
    go_on.set()
    wait_until(lambda: answers, what="the slow answer")
    visitor.join()
    assert answers == [b"at last"]
