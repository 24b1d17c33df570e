"""Which releases have run, in the order of their deploys: where a rollback goes, and what is kept for it."""

import shutil
import time
from pathlib import Path

from .errors import ClusterError
from .places import Places

BEGUN = "BEGUN"  # a file in a release that a process has been started from
COMMIT = "COMMIT"  # another, with the commit that it was made of
YOUNG_SECONDS = 24 * 3600  # what was made since is somebody's deploy, or tells why one has failed


def current(where: Places) -> str:
    """The release that runs."""
    if not where.current.is_symlink():
        raise ClusterError(f"Nothing runs in {where.folder}: make cluster starts it.")
    return where.current.readlink().name


def deployed(where: Places) -> list[str]:
    """The oldest first. One that was left by a rollback is not among them."""
    return _lines(where.history)


def left(where: Places) -> str:
    """The release that everybody is leaving, and goes back to unless all arrive; empty where nobody is moved."""
    return next(reversed(_lines(where.former)), "")


def note(where: Places, release: str) -> None:
    """It runs now. What was deployed after it was given up; but whoever goes back has the history of before."""
    known = _lines(where.former) if release == left(where) else deployed(where) or [current(where)]
    kept = known[: known.index(release)] if release in known else known
    new = where.history.with_suffix(".new")
    new.write_text("".join(f"{name}\n" for name in [*kept, release]))
    new.replace(where.history)


def before(where: Places) -> str:
    """The release that ran before the one that runs."""
    known, now = deployed(where), current(where)
    if now not in known or known.index(now) == 0:
        raise ClusterError(f"Release {now} is the first that is known here: there is none to go back to.")
    return known[known.index(now) - 1]


def prune(where: Places, keep: int) -> list[str]:
    """Remove releases that nobody goes back to, and packages that no release uses. Answers their names."""
    wanted = {*deployed(where)[-keep:], current(where), *in_slots(where)}
    gone = [folder for folder in where.releases.iterdir() if folder.name not in wanted and _is_old(folder)]
    for folder in gone:
        shutil.rmtree(folder)
    used = {(folder / ".venv").resolve() for folder in where.releases.iterdir()}
    for venv in where.venvs.iterdir():
        if venv.resolve() not in used and _is_old(venv):
            shutil.rmtree(venv)
    return [folder.name for folder in gone]


def used(where: Places) -> list[str]:
    """Releases that any process has run, as far as they are there or known."""
    begun = {mark.parent.name for mark in where.releases.glob(f"*/{BEGUN}")}
    return sorted({*begun, *deployed(where), current(where), *in_slots(where)})


def commit_of(where: Places, release: str) -> str:
    """The commit that it was made of; empty where nothing told of commits."""
    told = where.releases / release / COMMIT
    return told.read_text().strip() if told.exists() else ""


def in_slots(where: Places) -> set[str]:
    return {link.readlink().name for link in (where.folder / "slots").iterdir() if link.is_symlink()}


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _is_old(folder: Path) -> bool:
    return time.time() - folder.stat().st_mtime > YOUNG_SECONDS
