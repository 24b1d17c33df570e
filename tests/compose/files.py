"""What the files of compose/ say, read as the programs read them that they are for."""

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from django.conf import settings

from cluster.places import Places
from cluster.topology import CLONE_SECONDS, RUNNING_CLONES, Program, workers

COMPOSE = settings.ROOT / "compose"
KUBERNETES = COMPOSE / "kubernetes"
ASKED = re.compile(r"\$\{([A-Z_]+)")
WORKERS: dict[str, Program] = {program.name: program for program in workers(Places(Path("/cluster")))}
GRACES = dict.fromkeys(RUNNING_CLONES, CLONE_SECONDS) | {name: each.stop_seconds for name, each in WORKERS.items()}
HERE = {"-n", "--schedule"}  # options whose values are each machine's own


def compose_file() -> dict:
    """With its anchors resolved; what comes from the environment is as it is written."""
    return yaml.safe_load((COMPOSE / "docker-compose.yml").read_text())


def example(path: Path) -> dict[str, str]:
    """The names and values of an example of an environment."""
    return as_environment(path.read_text())


def as_environment(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def secrets() -> dict[str, str]:
    """The example with secrets, as `secrets.sh` writes it: for its owner's eyes alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "env"
        subprocess.run(["sh", COMPOSE / "secrets.sh", path], env={"PATH": os.environ["PATH"]}, check=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        return as_environment(path.read_text())


def told(service: dict) -> dict[str, str]:
    """What a container has in its environment, with new secrets."""
    known = secrets()
    return {
        name: re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda asked: known[asked[1]], str(value))
        for name, value in service["environment"].items()
    }


def manifests(folder: Path) -> Iterator[dict]:
    """Every object that a kustomization has: its own and those of the folders that it names."""
    for name in yaml.safe_load((folder / "kustomization.yaml").read_text()).get("resources", []):
        path = folder / name
        yield from manifests(path) if path.is_dir() else documents(path)


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def said(command: Iterable[str]) -> list[str]:
    """What a process is told to do, without the interpreter, its niceness and what is each machine's own."""
    words = list(command)
    start = next(place for place, word in enumerate(words) if word in ("celery", "manage.py"))
    words = words[start:]
    return [word for before, word in zip(["", *words], words, strict=False) if not HERE & {before, word}]
