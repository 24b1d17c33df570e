"""Whether what runs on this host lives: the health check of a container that nobody can ask over HTTP."""

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from scaling.fleet import FRESH_SECONDS, fleet


class Command(BaseCommand):
    help = (
        "Exit status 1 when no process of this host has told of itself lately. A `keep` that does not answer proves"
        " nothing of the sort: nobody is to be started anew for another server's outage."
    )
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        try:
            mine = [member for member in fleet() if member.host == socket.gethostname()]
        except RedisError as error:
            self.stdout.write(f"`keep` does not answer, so nobody knows: {error}")
            return
        if not mine:
            raise CommandError(f"Nobody on {socket.gethostname()} has told of itself for {FRESH_SECONDS:.0f} s.")
        for member in mine:
            self.stdout.write(f"{member.called} runs {member.release}.")
