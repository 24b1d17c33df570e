"""What the files of compose/ say, read as the programs read them that they are for."""

import re
from pathlib import Path

import yaml
from django.conf import settings

COMPOSE = settings.ROOT / "compose"
KUBERNETES = COMPOSE / "kubernetes"
ASKED = re.compile(r"\$\{([A-Z_]+)")


def compose_file() -> dict:
    """With its anchors resolved; what comes from the environment is as it is written."""
    return yaml.safe_load((COMPOSE / "docker-compose.yml").read_text())


def example(path: Path) -> dict[str, str]:
    """The names and values of an example of an environment."""
    lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def manifests(folder: Path) -> list[dict]:
    """Every object that a kustomization has: its own and those of the folders that it names."""
    found = []
    for name in yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]:
        path = (folder / name).resolve()
        found += manifests(path) if path.is_dir() else documents(path)
    return found


def documents(path: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]
