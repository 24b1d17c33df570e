"""Run a relay, or tell what waits for one."""

import signal
import threading
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import relay
from jobs.backlog import backlog as waiting
from jobs.backlog import table
from scaling.clones import clone_id
from scaling.fleet import RELAY, Heartbeat
from scaling.unavailable import OUTAGES


class Command(BaseCommand):
    help = "Send what the outbox holds to the workers, until stopped. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--backlog",
            action="store_true",
            help="tell what waits for each task, and end: how many rows are to be sent, how many were sent and are "
            "not done, how many are for a later moment, and how long the oldest of the first two has waited",
        )

    def handle(self, *args: Any, backlog: bool, **options: Any) -> None:
        if backlog:
            self.stdout.write(tell_backlog())
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        heart = Heartbeat(RELAY, clone_id())
        heart.start()
        relay.run(stop)
        heart.stop()


def tell_backlog() -> str:
    current_app.loader.import_default_modules()
    try:
        return table(waiting())
    except OUTAGES as error:
        raise CommandError(f"The database does not answer: {error}") from error
