import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import relay
from jobs.models import Outbox, now_us


class Command(BaseCommand):
    help = "Send what the outbox holds to the workers, until stopped. With --backlog: tell what waits, and end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--backlog", action="store_true", help="tell how many rows wait and for how long")

    def handle(self, *args: Any, backlog: bool, **options: Any) -> None:
        if backlog:
            self.stdout.write(tell_backlog())
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        relay.run(stop)


def tell_backlog() -> str:
    overdue = Outbox.objects.filter(created_at__lt=now_us() - 1_000_000).filter(attempt__gt=0)
    waiting = Outbox.objects.filter(due_at__lte=now_us(), attempt=0)
    later = Outbox.objects.filter(due_at__gt=now_us(), attempt=0)
    return f"{waiting.count()} to send, {overdue.count()} sent and not done, {later.count()} for later"
