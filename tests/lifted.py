"""Projects made of nothing but packages of ours and the code of a page of docs, in an empty folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from django.conf import settings

from shop.valkeys import free_port

from .servers import start_valkey, stop

BARE = settings.ROOT / "tests" / "bare"
INSTALL = re.compile(r"^    pip install (.*)", re.MULTILINE)
FILE = re.compile(r"^`(library/\w+\.py)`[^\n]*:\n\n((?:    .*\n|\n)+)", re.MULTILINE)


class Project:
    def __init__(self, folder: Path, packages: Sequence[str], page: Path, told: Mapping[str, str]) -> None:
        self.folder = folder
        text = page.read_text()
        installed = " ".join(shlex.split(" ".join(INSTALL.findall(text))))
        path = os.pathsep.join([str(BARE), "."])
        self.told = {"PATH": os.environ["PATH"], "SECRET_KEY": "only-for-tests", **told}
        self.told |= {"BARE": installed, "PYTHONPATH": path}
        self.files = {name: dedent(code) for name, code in FILE.findall(text)}
        for package in packages:
            shutil.copytree(settings.ROOT / package, folder / package)
        (folder / "library").mkdir()
        for name, code in self.files.items():
            (folder / name).write_text(code)

    def run(self, *words: str) -> str:
        """What Python says of these words there, with nothing of our environment but the packages that the page
        installs."""
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=self.folder, env=self.told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def two_stores(folder: Path) -> Iterator[dict[str, str]]:
    """Their addresses. They are a project's own: `cache` belongs to whoever flushes it."""
    urls = {f"{name}_URL": f"redis://:only-for-tests@127.0.0.1:{free_port()}/0" for name in ("CACHE", "KEEP")}
    servers = [start_valkey(name.removesuffix("_URL").lower(), url, folder) for name, url in urls.items()]
    try:
        yield urls
    finally:
        for server in servers:
            stop(server)
