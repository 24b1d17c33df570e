"""Shops as they are once they have been opened, to be copied: what a test opens need not load a bakery each time."""

import json
import shutil
from pathlib import Path

from shop.valkeys import free_port

FOLDER: Path | None = None  # where they are kept; without it each shop is opened from nothing
ITS_OWN = ("env", "cache", "keep", "logs", "*.log", "opened", "beat*")  # what each chooses, or fills, for itself


def is_there(name: str) -> bool:
    return FOLDER is not None and (FOLDER / name).exists()


def keep(state: Path, name: str) -> None:
    """Keep the folder of a shop that has been closed, with its tables, its files and its databases."""
    shutil.copytree(state, FOLDER / name, ignore=shutil.ignore_patterns(*ITS_OWN))


def bring(name: str, state: Path) -> None:
    """Make the folder of a shop that has not been opened yet a copy; its databases listen elsewhere."""
    shutil.copytree(FOLDER / name, state)
    cluster = state / "databases" / "cluster.json"
    if cluster.exists():
        chosen = json.loads(cluster.read_text())
        chosen["ports"] = [free_port() for _ in chosen["ports"]]
        cluster.write_text(json.dumps(chosen))
