"""A process of the shop's own beside its servers, which does what it is told and says what it cost."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .opened import Opened

SERVE = "from bench.inside import serve; serve()"


class Beside:
    """It lives as long as the block of `beside`; one verb of `bench.inside` at a time."""

    def __init__(self, shop: Opened) -> None:
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", SERVE]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=shop.root, env=shop.environment, stdin=pipe, stdout=pipe, text=True
        )

    def ask(self, verb: str, *arguments: Any) -> Any:
        self.process.stdin.write(f"{json.dumps([verb, *arguments])}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The shop's process ended over `{verb}`; what it said is above.")
        return json.loads(answer)


@contextmanager
def beside(shop: Opened) -> Iterator[Beside]:
    process = Beside(shop)
    try:
        yield process
    finally:
        process.process.stdin.close()
        process.process.wait(30)
