"""With an end for traces and errors each request and task tells them, by its id; without one nothing is loaded."""

import gzip
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from jobs import queues
from jobs.tracked import asked_by
from scaling.requests import HEADER
from shop import tracing
from shop.celery import app
from shop.valkeys import free_port

from ..servers import listens, stop, wait_until

WORKER = ("celery", "-A", "shop.celery", "worker", "-Q", "bulk", "-c", "1", "-I", "tests.shop.traced", "-P")
CLONE = ("gunicorn", "tests.shop.traced", "-k", "gthread", "--preload", "--no-control-socket", "-b")
SECRET = "what-a-customer-typed"


class Ends(ThreadingHTTPServer):
    """Whoever collects traces and errors, in one: what came in, as it came."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans, self.errors = [], []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def settings(self):
        here = f"127.0.0.1:{self.server_port}"
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{here}", "SENTRY_DSN": f"http://key@{here}/1"}

    def span_of(self, name):
        return next((span for span in self.spans if span["name"] == name), None)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            self.server.spans += spans_of(body)
        else:
            self.server.errors += [each for each in map(json.loads, body.splitlines()) if "exception" in each]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Nothing: it is told by the test."""


def spans_of(body):
    for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
        whose = {each.key: each.value.string_value for each in of_process.resource.attributes}
        for scope in of_process.scope_spans:
            for span in scope.spans:
                own = {each.key: each.value.string_value for each in span.attributes}
                yield {"name": span.name, "text": str(span), **whose, **own}


@pytest.fixture
def ends():
    server = Ends()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def start(ends, tmp_path):
    """Starts a program of the shop that tells them, and ends it after the test."""
    started = []

    def start(*command, said=None, **changes):
        plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(settings.ROOT), "SECRET_KEY": "only-for-tests"}
        here = {"STATE_DIR": str(tmp_path), "CACHE_URL": settings.CACHE_URL, "KEEP_URL": settings.KEEP_URL}
        env = plain | here | ends.settings() | {"RELEASE": "41", "OTEL_BSP_SCHEDULE_DELAY": "50"} | changes
        with open(said or os.devnull, "wb") as log:
            whole = [sys.executable, "-m", *command]
            started.append(subprocess.Popen(whole, cwd=settings.ROOT, env=env, stdout=log, stderr=log))

    yield start
    for process in started:
        stop(process)


def test_a_request_of_a_forked_clone_tells_its_span_and_its_error(ends, start):
    """The program is loaded before it forks, as clones are."""
    port = free_port()
    start(*CLONE, f"127.0.0.1:{port}")
    wait_until(lambda: listens(port), what="the clone")
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/burnt/?q={SECRET}",
        headers={
            HEADER: "a-request-id",
            "Cookie": f"basket={SECRET}; sessionid={SECRET}",
            "Referer": f"http://127.0.0.1:{port}/search/?q={SECRET}",
        },
    )
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(asked)
    span = wait_until(lambda: ends.span_of("GET burnt/"), what="the span")
    assert (span["request_id"], span["service.version"]) == ("a-request-id", "41")
    [error] = wait_until(lambda: ends.errors, what="the error")
    assert error["exception"]["values"][-1]["value"] == "the page is burnt"
    assert (error["tags"]["request_id"], error["release"]) == ("a-request-id", "41")
    assert SECRET not in json.dumps(error)
    assert SECRET not in str(ends.spans)


def test_a_worker_of_production_logs_objects_that_say_for_whom(start, tmp_path):
    queues.declare()
    app.send_task("tests.burnt", queue="bulk", headers=asked_by("a-request-id"))
    start(*WORKER, "solo", said=tmp_path / "said", LOG_FORMAT="json")
    text = wait_until(lambda: whole_lines(tmp_path / "said", "the task is burnt"), what="the line")
    [line] = [line for line in map(json.loads, objects_in(text)) if "exception" in line]
    assert line["exception"].endswith("ValueError: the task is burnt")
    assert (line["logger"], line["request_id"], line["release"]) == ("celery.app.trace", "a-request-id", "41")


def test_a_clone_of_production_logs_objects_from_its_first_word(start, tmp_path):
    port = free_port()
    start(*CLONE, f"127.0.0.1:{port}", said=tmp_path / "said", LOG_FORMAT="json", ACCESS_LOG="true")
    wait_until(lambda: listens(port), what="the clone")
    urllib.request.urlopen(f"http://127.0.0.1:{port}/robots.txt?q={SECRET}").read()
    text = wait_until(lambda: whole_lines(tmp_path / "said", "/robots.txt"), what="the line")
    lines = [json.loads(line) for line in objects_in(text)]
    assert any(line["message"].startswith("Starting gunicorn") for line in lines)
    assert [line["path"] for line in lines if line["logger"] == "scaling.requests"] == ["/robots.txt"]
    assert SECRET not in text


def whole_lines(path, needle):
    text = path.read_text()
    return text if needle in text and text.endswith("\n") else ""


def objects_in(text):
    """Celery also prints words of its own."""
    return [line for line in text.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("pool", ["solo", "threads", "prefork"])
def test_a_task_tells_its_span_and_its_error(ends, start, pool):
    queues.declare()
    app.send_task("tests.burnt", queue="bulk", headers=asked_by("a-request-id"))
    start(*WORKER, pool)
    span = wait_until(lambda: ends.span_of("run/tests.burnt"), what="the span")
    assert span["request_id"] == "a-request-id"
    found = wait_until(lambda: ends.errors, what="the error")
    assert {error["tags"]["request_id"] for error in found} == {"a-request-id"}
    assert {error["exception"]["values"][-1]["value"] for error in found} == {"the task is burnt"}


def test_without_an_end_nothing_is_loaded():
    """Redis' client looks for a part of OpenTelemetry by itself."""
    loaded = "{'shop.tracing', 'shop.reporting', 'sentry_sdk', 'opentelemetry.instrumentation'} & sys.modules.keys()"
    done = python(f"import shop.wsgi, sys; print({loaded})")
    assert done.stdout == "{'shop.tracing'}\n", done.stderr


@pytest.mark.parametrize("name", tracing.SETTINGS)
def test_what_is_wanted_and_not_installed_keeps_the_shop_from_starting(settings, monkeypatch, name):
    setattr(settings, name, "http://key@127.0.0.1/1")
    monkeypatch.setattr(tracing, "find_spec", lambda package: None)
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}: run pip install -r requirements-tracing.txt first\.$"):
        tracing.prepare()


def test_a_package_that_is_missing_with_all_it_is_in_is_told_as_one():
    assert not tracing._is_installed("there.is.nothing")
    assert tracing._is_installed("django.core")


def test_where_nothing_is_wanted_beginning_is_nothing(monkeypatch):
    monkeypatch.setattr(tracing, "import_module", None)
    tracing.begin()


def python(code):
    plain = {"PATH": os.environ["PATH"], "SECRET_KEY": "only-for-tests", "STATE_DIR": str(settings.STATE)}
    here = {"CACHE_URL": settings.CACHE_URL, "KEEP_URL": settings.KEEP_URL}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=settings.ROOT, env=plain | here, capture_output=True, text=True, check=False)
