"""Open the shop on this machine: `make run`. Everything it keeps is in one folder."""

import os
import shlex
import sys
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from shop import one_machine
from shop.memory import memory_mb
from shop.running import STORES, Manager

OPENED = f"{one_machine.WELCOME} Ctrl-C closes the shop.\n"
PYTHON = shlex.quote(sys.executable)
CLONE = f"{PYTHON} -m shop.serving --workers 2 --graceful-timeout 5"
CELERY = f"{PYTHON} -m celery --quiet -A shop.celery"
WORKER = f"{CELERY} worker --loglevel WARNING --without-gossip --without-mingle"
RELAY = f"{PYTHON} manage.py relay"
INTERACTIVE = f"{WORKER} -n worker@%h -Q interactive --pool threads --concurrency 2"
BULK = f"{WORKER} -n bulk@%h -Q bulk --pool solo"
# A thread draws and the main one speaks to the broker meanwhile: `solo` would be silent until the broker gives it up.
RENDER = f"nice -n 10 {WORKER} -n render@%h -Q render --pool threads --concurrency 1 --include jobs.drawing"
RENDERER = "mitsuba"
NO_RENDERER = "  Cakes wait: the renderer is not installed (.venv/bin/pip install -r requirements-render.txt)."

QUIET_AND_SMALL = {
    "MALLOC_ARENA_MAX": "2",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


def commands(folder: Path) -> dict[str, str]:
    """Lines for the shell. The workers wait for the first page: it shall not wait for them."""
    opened = f"until [ -e {shlex.quote(str(folder / 'opened'))} ]; do sleep 0.2; done; exec"
    schedule = shlex.quote(str(folder / "beat"))
    bind = shlex.quote(f"{settings.HOST}:{settings.PORT}")
    return {
        "web": f"{PYTHON} manage.py prepare && exec {CLONE} --bind {bind} --log-level error",
        "relay": f"{opened} {RELAY}",
        "worker": f"{opened} {INTERACTIVE}",
        "bulk": f"{opened} {BULK}",
        **({"render": f"{opened} {RENDER}"} if can_render() else {}),
        "beat": f"{opened} {CELERY} beat --loglevel WARNING --schedule {schedule} --pidfile=",
    }


class Command(BaseCommand):
    help = "Open the shop on this machine, with all of its servers and workers. Ctrl-C closes it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without",
            nargs="+",
            default=[],
            choices=[*STORES, "relay", "worker", "bulk", "render", "beat"],
            help="leave these out: somebody else starts them, in the environment that is in the folder's file `env`",
        )

    def handle(self, without: list[str], **options) -> None:
        try:
            with one_machine.claim(settings.STATE):
                one_machine.check_port(settings.HOST, settings.PORT)
                one_machine.check_room(settings.STATE)
                self.run(settings.STATE, without)
        except one_machine.CannotStartError as reason:
            raise SystemExit(str(reason)) from None

    def run(self, folder: Path, without: Sequence[str]) -> None:
        (folder / "opened").unlink(missing_ok=True)
        manager = self.manager(folder, without)
        self.stdout.write("Opening …")
        manager.loop(meanwhile=lambda: self.announce(manager, folder))
        if manager.failed:
            name, status = manager.failed
            log = folder / "logs" / f"{name}.log"
            raise SystemExit(f"{name} ended by itself with status {status}, so the shop is closed. Its log: {log}")
        self.stdout.write("The shop is closed.")

    def manager(self, folder: Path, without: Sequence[str]) -> Manager:
        manager = Manager(folder / "logs")
        chosen = one_machine.environment(folder)
        env = os.environ | QUIET_AND_SMALL | {"SITE_URL": address()} | chosen
        lines = {name: _store(name, folder, chosen[f"{name.upper()}_URL"]) for name in STORES} | commands(folder)
        for name, line in lines.items():
            if name not in without:
                manager.add_process(name, line, env=env, cwd=settings.ROOT)
        return manager

    def announce(self, manager: Manager, folder: Path) -> None:
        """Say that the page is there when it is; then let the workers start, and say what all of it takes."""
        while not page_answers():
            if not manager.goes_on(0.1):
                return
        (folder / "opened").touch()
        self.stdout.write(OPENED.format(url=address()))
        if not can_render():
            self.stdout.write(NO_RENDERER)
        before, now = 0, memory_mb()
        while now - before > now / 100:  # the workers are still starting
            if not manager.goes_on(2):
                return
            before, now = now, memory_mb()
        self.stdout.write(f"  It takes {now} MB of memory.")


def can_render() -> bool:
    """Whether there is a renderer here: the large one, or another that was chosen."""
    return find_spec(RENDERER) is not None or not settings.CAKE_RENDERER.startswith("jobs.")


def _store(name: str, folder: Path, url: str) -> str:
    return f"exec {shlex.join(one_machine.valkey_of(name, folder, url).command())}"


def address() -> str:
    host = "127.0.0.1" if settings.HOST == "0.0.0.0" else settings.HOST  # noqa: S104
    return f"http://{host}:{settings.PORT}"


def page_answers() -> bool:
    try:
        with urllib.request.urlopen(f"{address()}/livez", timeout=2) as response:  # noqa: S310
            return response.status == 200
    except OSError:
        return False
