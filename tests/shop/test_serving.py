"""A clone as a process: it is sent nothing before it is ready, and loses nothing when it ends."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.template import engines

from scaling import clones, starting
from scaling.fleet import fleet
from shop import serving
from shop.valkeys import free_port

from ..factories import make_product
from ..servers import PATIENCE_SECONDS, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


class Process:
    """`python -m shop.serving` beside this test, on its servers and its database."""

    def __init__(self, folder, number, port=None, **environment):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"log{number}"
        known = {name: os.environ[name] for name in ("PATH", "SECRET_KEY", "CACHE_URL", "KEEP_URL", "STATE_DIR")}
        own = {"DJANGO_SETTINGS_MODULE": "tests.shop.serving_settings", "CLONE": "web1", "RELEASE": "r1"}
        command = [sys.executable, "-m", "shop.serving", "--bind", f"127.0.0.1:{self.port}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=settings.ROOT,
                env=known | own | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE_SECONDS) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def wait(self):
        wait_until(lambda: self.get("/livez") or self.process.poll() is not None, what="the clone")
        assert self.process.poll() is None, self.log.read_text()

    def end(self):
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)

    def worker(self):
        """The process id of its one worker."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())

    def ask(self, path):
        """A connection with a request in it, whether or not anybody takes it."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        asking.request("GET", path)
        return asking


def status_of(asking):
    with closing(asking):
        return asking.getresponse().status


def is_stopped(pid):
    """Whether every thread of it is: one that is still to stop takes a SIGTERM first."""
    states = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return all(re.search(r"^State:\s*T", state, re.M) for state in states)


def is_told_to_end(pid):
    """Whether a stopped process has a SIGTERM before it."""
    told = re.search(r"^ShdPnd:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)[1]
    return bool(int(told, 16) & 1 << (signal.SIGTERM - 1))


class Crowd:
    """Visitors who each open a connection for every request, until the block ends."""

    def __init__(self, url):
        self.url, self.releases, self.failed = url, [], []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def look_round(self):
        enough = len(self.releases) + 100
        wait_until(lambda: len(self.releases) > enough, what="a hundred answers")

    def _visit(self):
        while not self._over.is_set():
            try:
                with urllib.request.urlopen(f"{self.url}/livez", data=None, timeout=PATIENCE_SECONDS) as answer:
                    self.releases.append(answer.headers["X-Release"])
            except urllib.error.URLError as error:
                self.failed.append(type(error.reason).__name__)
            except OSError as error:
                self.failed.append(type(error).__name__)


@pytest.fixture
def serve(tmp_path):
    started = []

    def serve(**environment):
        database = str(connection.settings_dict["NAME"])
        started.append(Process(tmp_path, len(started), DATABASE=database, **environment))
        return started[-1]

    yield serve
    for each in started:
        if each.process.poll() is None:
            each.end()


def test_no_visitor_waits_until_a_page_is_compiled(monkeypatch):
    env = engines["jinja2"].env
    env.cache.clear()
    serving.warm_up()
    monkeypatch.setattr(env, "compile", None)
    assert env.get_template("home.html").name == "home.html"


def test_a_clone_speaks_up_in_the_fleet_and_leaves_it_when_it_ends(serve):
    clone = serve()
    clone.wait()
    wait_until(fleet, what="its heartbeat")
    assert [(member.name, member.release) for member in fleet()] == [("web1", "r1")]
    assert clone.get("/readyz") == 200
    assert clone.end() == 0
    assert fleet() == []


def test_a_clone_that_is_told_to_end_says_so_and_answers_until_the_balancer_has_noticed(serve):
    clone = serve(DRAIN_SECONDS="600")
    clone.wait()
    clone.process.terminate()
    wait_until(lambda: clone.get("/readyz") == 503, what="the drain")
    assert clone.get("/") == 200
    assert clone.process.poll() is None
    clone.process.send_signal(signal.SIGINT)
    assert clone.process.wait(PATIENCE_SECONDS) == 0


def test_what_has_begun_is_answered(serve):
    clone, answers = serve(), []
    clone.wait()
    asked = threading.Thread(target=lambda: answers.append(clone.get("/slow/")))
    asked.start()
    wait_until(lambda: "slow begins" in clone.log.read_text(), what="the request")
    assert clone.end() == 0
    asked.join()
    assert answers == [200]


def test_a_clone_that_cuts_off_an_answer_does_not_say_that_all_is_well(serve):
    clone, answers = serve(GUNICORN_CMD_ARGS="--graceful-timeout 1"), []
    clone.wait()
    asked = threading.Thread(target=lambda: answers.append(clone.get("/never/")))
    asked.start()
    wait_until(lambda: "never begins" in clone.log.read_text(), what="the request")
    assert clone.end() == clones.CUT_OFF_STATUS
    asked.join()
    assert answers == [None]


def test_what_has_begun_is_given_longer_than_the_proxy_waits():
    conf = (settings.ROOT / "compose" / "proxy" / "nginx.conf").read_text()
    assert serving.DEFAULTS["graceful_timeout"] > int(re.search(r"proxy_read_timeout (\d+)s;", conf)[1])


def test_the_next_clone_takes_the_port_over_and_nobody_notices(serve, tmp_path):
    shared = {"HANDOVER": str(tmp_path / "web1.sock")}
    first = serve(**shared)
    first.wait()
    with Crowd(first.url) as crowd:
        second = serve(RELEASE="r2", port=first.port, **shared)
        wait_until(lambda: "r2" in crowd.releases, what="the next release")
        assert first.end() == 0
        crowd.look_round()
        assert second.process.poll() is None
    assert crowd.failed == []
    assert crowd.releases[-1] == "r2"
    assert [path.name for path in tmp_path.glob("web1*")] == [f"web1.{second.process.pid}.sock"]
    assert second.end() == 0
    assert list(tmp_path.glob("web1*")) == []


def test_a_successor_that_dies_young_takes_nobody_along(serve, tmp_path):
    shared = {"HANDOVER": str(tmp_path / "web1.sock")}
    first = serve(**shared)
    first.wait()
    second = serve(RELEASE="r2", port=first.port, **shared)
    wait_until(lambda: "r2" in {member.release for member in fleet()}, what="the second")
    os.killpg(second.process.pid, signal.SIGKILL)
    second.process.wait()
    third = serve(RELEASE="r3", port=first.port, **shared)
    wait_until(lambda: "r3" in {member.release for member in fleet()}, what="the third")
    assert first.end() == 0
    assert third.get("/livez") == 200


def test_without_its_arbiter_a_worker_lets_the_port_go(serve, tmp_path):
    shared = {"HANDOVER": str(tmp_path / "web1.sock")}
    first = serve(**shared)
    first.wait()
    first.process.kill()
    first.process.wait()
    second = serve(RELEASE="r2", port=first.port, **shared)
    wait_until(lambda: "r2" in {member.release for member in fleet()}, what="the next")
    assert second.get("/livez") == 200


def test_a_clone_that_was_killed_holds_no_port(serve, tmp_path):
    shared = {"HANDOVER": str(tmp_path / "web1.sock")}
    first = serve(**shared)
    first.wait()
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    wait_until(lambda: first.get("/livez") is None, what="the end of its workers")
    second = serve(port=first.port, **shared)
    second.wait()
    assert second.get("/livez") == 200


def test_who_has_come_in_is_answered_when_a_clone_ends_alone(serve):
    clone = serve(DRAIN_SECONDS="0")
    clone.wait()
    worker = clone.worker()
    os.kill(worker, signal.SIGSTOP)
    wait_until(lambda: is_stopped(worker), what="its worker to stand still")
    waiting = [clone.ask("/livez") for _ in range(20)]
    clone.process.terminate()
    wait_until(lambda: is_told_to_end(worker), what="the end of its worker")
    os.kill(worker, signal.SIGCONT)
    assert [status_of(connection) for connection in waiting] == [200] * 20
    assert clone.process.wait(PATIENCE_SECONDS) == 0
    assert clone.get("/livez") is None


def test_a_release_that_is_not_ready_takes_no_connection(serve):
    clone = serve(READY_WITHIN_SECONDS="0", RELEASE="")
    assert clone.process.wait(PATIENCE_SECONDS) == 1
    text = clone.log.read_text()
    assert "/readyz answers 503. It does not know its release." in text
    assert text.rstrip().endswith("This clone is not ready: its log says why.")
    assert clone.get("/livez") is None


def test_a_release_whose_first_page_fails_takes_no_connection(serve):
    clone = serve(READY_WITHIN_SECONDS="0", MUST_SHOW="/fails/")
    assert clone.process.wait(PATIENCE_SECONDS) == 1
    assert "/fails/ answers 500." in clone.log.read_text()


def test_a_template_that_cannot_be_compiled_is_told_in_one_line(serve, tmp_path):
    (tmp_path / "broken.html").write_text("<p>\n{% bake %}\n")
    clone = serve(MORE_TEMPLATES=str(tmp_path))
    assert clone.process.wait(PATIENCE_SECONDS) == 1
    told = "This clone is not ready: broken.html, line 2: Encountered unknown tag 'bake'."
    assert clone.log.read_text().splitlines()[-1] == told
    assert "Traceback" not in clone.log.read_text()


def test_a_clone_shows_one_page_of_each_kind_before_it_is_ready(monkeypatch):
    loaf, rye = make_product(), make_product()
    assert loaf.get_absolute_url() in (shown := list(starting._shown()))
    assert rye.get_absolute_url() not in shown
    assert loaf.category.get_absolute_url() in shown
    with monkeypatch.context() as patch:
        patch.setattr("products.views.product_schema", lambda data: 1 / 0)
        assert starting._unready() == f"{loaf.get_absolute_url()} answers 500."
    assert starting._unready() == ""


def test_an_empty_shop_is_ready_as_well():
    assert starting._unready() == ""


def test_who_cannot_say_which_pages_there_are_is_waited_for(monkeypatch):
    def away():
        raise OperationalError("gone away")

    monkeypatch.setattr("shop.pages.one_of_each", away)
    assert starting._unready() == "The primary does not say which pages there are: gone away"


def test_what_a_system_check_refuses_does_not_start(serve):
    clone = serve(CHECKED="caches", SAME_STORES="yes")
    assert clone.process.wait(PATIENCE_SECONDS) == 1
    assert "(scaling.E004)" in clone.log.read_text()


def test_an_outage_is_waited_for(monkeypatch):
    answers = ["/readyz answers 503. `keep` does not answer", ""]
    monkeypatch.setattr(starting, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(starting, "_unready", lambda: answers.pop(0))
    starting._wait(float("inf"), os.getppid())
    assert answers == []
