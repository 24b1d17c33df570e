"""RabbitMQ in the place of Valkey, for real: by its address alone, and what it has confirmed it keeps."""

import json
import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from shop.rabbitmq import RabbitMQ, missing
from shop.valkeys import free_port

from ..servers import lacking, stop, wait_until

SEND = "current_app.send_task('jobs.starts.run', args=(1, {}), queue='bulk', retry=False)"
TELL = "print(json.dumps(queues.depths()))"
UNKNOWN = "current_app.send_task('{}', args=(['/'],), queue='interactive', retry=False)"


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory):
    if reason := missing():
        lacking(reason)
    server = RabbitMQ(tmp_path_factory.mktemp("broker"))
    try:
        server.start()
        yield server
    finally:
        server.close()


def run(url, *statements):
    """In a process whose broker is at `url`; the last line it says."""
    code = "; ".join(["import json", "from celery import current_app", "from jobs import queues", *statements])
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    return subprocess.run(command, cwd=settings.ROOT, env=environment(url), capture_output=True, text=True)


def depths(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_page_of_a_release_that_is_gone_is_no_dead_letter(rabbitmq, tmp_path):
    """Given a message for the workers of another release, behind it one whose task nobody has ever known
    When a worker of this release has met both
    Then only the second is among the dead letters, where it can be read and thrown away."""
    gone, nobodys = (UNKNOWN.format(task) for task in ("jobs.pages.publish_later@gone", "nobodys.task"))
    run(rabbitmq.url, "queues.declare()", gone, nobodys).check_returncode()
    worker = a_worker(rabbitmq.url, tmp_path / "worker.log")
    try:
        wait_until(lambda: depths(run(rabbitmq.url, TELL))["dead"] == 1, what="the dead letter")
    finally:
        stop(worker)
    assert "Dropped a message for jobs.pages.publish_later@gone" in (tmp_path / "worker.log").read_text()
    letter = "nobodys.task(['/'],)  from interactive: no worker here knows its task\n"
    assert command(rabbitmq.url, "--dead") == letter
    assert command(rabbitmq.url, "--empty-dead") == "1 dead letters are thrown away.\n"
    assert command(rabbitmq.url, "--dead") == "There are no dead letters.\n"


def test_what_was_confirmed_outlives_a_power_cut(rabbitmq):
    run(rabbitmq.url, "queues.declare()", SEND, SEND).check_returncode()
    rabbitmq.stop(signal.SIGKILL)
    rabbitmq.start()
    assert depths(run(rabbitmq.url, TELL)) == {"interactive": 0, "bulk": 2, "render": 0, "dead": 0}


def test_its_queues_are_on_a_majority_of_brokers(rabbitmq):
    """To declare one otherwise is refused."""
    (bulk,) = (queue for queue in settings.CELERY_TASK_QUEUES if queue.name == "bulk")
    classic = {name: value for name, value in bulk.queue_arguments.items() if name != "x-queue-type"}
    otherwise = f"Queue('bulk', queue_arguments={classic}, channel=current_app.connection_for_write().channel())"
    refused = run(rabbitmq.url, "queues.declare()", "from kombu import Queue", f"{otherwise}.declare()")
    assert "PRECONDITION_FAILED - inequivalent arg 'x-queue-type'" in refused.stderr


def a_worker(url, log):
    lanes = ["-Q", "interactive", "--pool", "solo", "--loglevel", "INFO"]
    with log.open("wb") as output:
        command = [sys.executable, "-m", "celery", "-A", "shop.celery", "worker", *lanes]
        return subprocess.Popen(command, cwd=settings.ROOT, env=environment(url), stdout=output, stderr=output)


def command(url, word):
    asked = [sys.executable, "manage.py", "jobs", word]
    return subprocess.check_output(asked, cwd=settings.ROOT, env=environment(url), text=True)


def environment(url):
    return os.environ | {"DJANGO_SETTINGS_MODULE": "settings.embedded", "BROKER_URL": url}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_is_an_outage_like_any_other(scheme):
    done = run(f"{scheme}://127.0.0.1:{free_port()}/", SEND)
    assert done.stderr.splitlines()[-1].startswith("kombu.exceptions.OperationalError")
