"""After a deploy nothing is taken on trust: every process says what it runs, and so does every answer."""

import itertools
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cluster import proving
from cluster.errors import ClusterError
from scaling.fleet import RELAY, WEB, Member

CREW = ["web1", "web2", "relay"]


class Shop(BaseHTTPRequestHandler):
    """Answers as the clones of `server.clones` in turn."""

    def do_GET(self):
        told = next(self.server.answers)
        status, release = told if isinstance(told, tuple) else (200, told)
        self.send_response(status)
        self.send_header("X-Clone", next(self.server.clones))
        self.send_header("X-Release", release)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        return


@pytest.fixture
def shop(settings):
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        server.clones = itertools.cycle(["web1", "web2"])
        server.answers = itertools.repeat("r2")
        settings.SITE_URL = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def fleet(monkeypatch):
    """Who says that it lives."""
    members = [member(WEB, "web1"), member(WEB, "web2"), member(RELAY, "relay-0@here")]
    monkeypatch.setattr(proving, "living", lambda: members)
    monkeypatch.setattr(proving, "SILENT_SECONDS", 0.05)
    return members


def member(kind, name, release="r2"):
    return Member(kind, name, release, time.time(), "here", 1)


def test_where_all_are_new_it_says_how_many_were_asked(shop):
    assert proving.prove("r2", CREW) == "3 processes and 42 answers, all of release r2"


def test_a_process_that_still_runs_the_old_code_is_named(shop, fleet):
    fleet[2] = member(RELAY, "relay-0@here", "r1")
    with pytest.raises(ClusterError, match=r"do not run release r2: relay-0@here \(r1\)\."):
        proving.prove("r2", CREW)


def test_one_that_has_just_ended_is_waited_for(shop, fleet, monkeypatch):
    looks = iter([[*fleet, member(WEB, "web1", "r1")]])
    monkeypatch.setattr(proving, "living", lambda: next(looks, fleet))
    monkeypatch.setattr(proving, "SILENT_SECONDS", 60)
    assert proving.prove("r2", CREW)


def test_silence_is_no_proof(shop, fleet):
    fleet.clear()
    with pytest.raises(ClusterError, match="Nobody hears relay, web1, web2 of release r2"):
        proving.prove("r2", CREW)


@pytest.mark.parametrize("changes", [{"name": "web3"}, {"is_draining": True}], ids=str)
def test_whoever_is_not_heard_is_missed(shop, fleet, changes):
    fleet[1] = fleet[1]._replace(**changes)
    with pytest.raises(ClusterError, match=r"^Nobody hears web2 of release r2\.$"):
        proving.prove("r2", CREW)


def test_where_two_hosts_have_a_lane_both_are_heard(shop, fleet):
    with pytest.raises(ClusterError, match="Nobody hears relay of release r2"):
        proving.prove("r2", [*CREW, "relay"])
    fleet.append(fleet[2]._replace(host="there"))
    assert proving.prove("r2", [*CREW, "relay"])


def test_an_answer_of_the_old_code_is_found(shop):
    shop.answers = itertools.chain(["r2"] * 9, ["r1"], itertools.repeat("r2"))
    with pytest.raises(ClusterError, match=r"Some answers are not of release r2: web2 \(r1\)\."):
        proving.prove("r2", CREW)


def test_a_clone_that_nobody_is_sent_to_is_named(shop):
    shop.clones = itertools.repeat("web1")
    with pytest.raises(ClusterError, match=r"Nobody was sent to web2\."):
        proving.prove("r2", CREW)


def test_an_answer_that_is_none_is_told(shop, settings):
    shop.answers = itertools.repeat((503, "r2"))
    with pytest.raises(ClusterError, match=r"^/\?proof=0 answers 503\.$"):
        proving.prove("r2", CREW)
    settings.SITE_URL = "http://127.0.0.1:1"
    with pytest.raises(ClusterError, match=r"http://127\.0\.0\.1:1 does not answer"):
        proving.prove("r2", CREW)
