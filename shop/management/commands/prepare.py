"""What has to be there before the first page: two Valkeys that answer, the tables, a bakery, and the static files."""

import hashlib
import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from jobs.reconciling import begin_afresh
from products.models import Product
from scaling.stores import cache, keep
from shop.slots import open_slots

STORES_WITHIN_SECONDS = 30


class Command(BaseCommand):
    help = "Wait for the Valkeys, migrate, load the demo bakery into an empty shop, collect the static files."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-static", action="store_true", help="leave the static files to somebody else")
        parser.add_argument("--keep-triggers", action="store_true", help="see migrate --help")

    def handle(self, *, without_static: bool, keep_triggers: bool, **options) -> None:
        wait_for_stores()
        call_command("migrate", verbosity=0, interactive=False, keep_triggers=keep_triggers)
        if not Product.objects.exists():
            call_command("load_bakery")
        open_slots()  # beat does it every night, but may have slept through some
        if not without_static:
            collect_static(Path(settings.STATIC_ROOT))
        if settings.PUBLISH != "off":
            begin_afresh()


def wait_for_stores() -> None:
    deadline = time.monotonic() + STORES_WITHIN_SECONDS
    while True:
        try:
            return bool(cache().ping() and keep().ping())
        except RedisError as reason:
            if time.monotonic() > deadline:
                raise CommandError(f"The Valkeys do not answer: {reason}") from reason
            time.sleep(0.05)


def collect_static(folder: Path) -> None:
    """Only when a file has changed since the last time: hashing and compressing takes longer than a start should."""
    stamp = folder / ".collected"
    if stamp.exists() and stamp.read_text() == fingerprint():
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(fingerprint())


def fingerprint() -> str:
    files = sorted((path, storage.path(path)) for finder in get_finders() for path, storage in finder.list(None))
    seen = [(path, stat.st_size, stat.st_mtime_ns) for path, full in files if (stat := Path(full).stat())]
    return hashlib.sha256(repr((settings.STORAGES["staticfiles"], seen)).encode()).hexdigest()
