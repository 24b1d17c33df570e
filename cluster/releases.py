"""A release: the code as it was committed, under an id, with the packages that it was written for."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .errors import ClusterError
from .places import CODE, Places

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,39}")
UNPACKED = "unpacked"  # of a tree that has no commit
NOT_CODE = shutil.ignore_patterns(".venv", ".state", ".git", "__pycache__", ".*_cache", "node_modules", ".env")
REQUIREMENTS = ("requirements.txt", "requirements-render.txt", "requirements-production.txt")
WHOLE = ".whole"


def install(where: Places, release: str, say: Callable[[str], None]) -> Path:
    """Unpack the last commit as this release, with its packages. It is there as a whole or not at all."""
    target = where.releases / release
    if not NAME.fullmatch(release):
        raise ClusterError(f"A release is named by up to 40 letters, digits, dots, hyphens and _, not {release!r}.")
    if target.exists():
        raise ClusterError(f"There is a release {release} already: name another one.")
    beside = where.releases / f".{release}.new"
    shutil.rmtree(beside, ignore_errors=True)
    unpack(beside)
    (beside / "RELEASE").write_text(f"{release}\n")
    (beside / ".venv").symlink_to(packages(where, beside, say))
    beside.rename(target)
    return target


def first_name() -> str:
    """What the first release is called: its commit."""
    return git("rev-parse", "--short=10", "HEAD").strip() if has_history() else UNPACKED


def has_changes() -> bool:
    """Whether something in the checkout is not committed: a release would be without it."""
    return has_history() and bool(git("status", "--porcelain"))


def has_history() -> bool:
    """Whether the code is a checkout of its own. An unpacked archive may lie within somebody else's."""
    try:
        return Path(git("rev-parse", "--show-toplevel").strip()) == CODE
    except ClusterError:
        return False


def git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=CODE, capture_output=True, text=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise ClusterError(f"git {words[0]} failed: {getattr(error, 'stderr', error)}") from None
    return done.stdout


def unpack(target: Path) -> None:
    if not has_history():
        shutil.copytree(CODE, target, ignore=NOT_CODE)
        return
    target.mkdir()
    archive = target / ".tar"
    git("archive", f"--output={archive}", "HEAD")
    subprocess.run(["tar", "-xf", archive, "-C", target], check=True)  # noqa: S603, S607
    archive.unlink()


def packages(where: Places, code: Path, say: Callable[[str], None]) -> Path:
    """A virtual environment for these requirements: made once, and shared by the releases that ask for the same."""
    if chosen := os.environ.get("CLUSTER_VENV"):
        return Path(chosen).absolute()
    asked = "".join((code / name).read_text() for name in REQUIREMENTS)
    venv = where.venvs / hashlib.sha256(f"{sys.version}\n{asked}".encode()).hexdigest()[:16]
    if not (venv / WHOLE).exists():
        say("Installing the packages of this release …")
        _make(venv, [code / name for name in REQUIREMENTS])
    return venv


def _make(venv: Path, requirements: list[Path]) -> None:
    """In its place, since a virtual environment cannot be moved; a file in it tells that it is whole."""
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", venv],
        [*pip, *(word for path in requirements for word in ("-r", path))],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ClusterError(f"The packages cannot be installed: {' '.join(said)}")
    (venv / WHOLE).touch()
