"""A release: the code as it was committed, under an id, with the packages that it was written for."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .errors import ClusterError
from .history import COMMIT
from .packages import complete
from .places import CODE, Places

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,39}")
UNPACKED = "unpacked"  # of a tree that has no commit
NOT_CODE = shutil.ignore_patterns(".venv", ".state", ".git", "__pycache__", ".*_cache", "node_modules", ".env")


def install(where: Places, release: str, say: Callable[[str], None]) -> Path:
    """Unpack the last commit as this release, with its packages. It is there as a whole or not at all."""
    check_name(release)
    if (where.releases / release).exists():
        raise ClusterError(f"There is a release {release} already: name another one.")
    beside = where.releases / f".{release}.new"
    shutil.rmtree(beside, ignore_errors=True)
    unpack(beside)
    return complete(where, release, beside, say)


def check_name(release: str) -> None:
    if not NAME.fullmatch(release):
        raise ClusterError(f"A release is named by up to 40 letters, digits, dots, hyphens and _, not {release!r}.")


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


def archive(folder: Path) -> Path:
    """The last commit, packed, with its id in a file of its own."""
    packed, told = folder / "release.tar", folder / COMMIT
    told.write_text(git("rev-parse", "HEAD"))
    git("archive", f"--output={packed}", f"--add-file={told}", "HEAD")
    return packed


def unpack(target: Path) -> None:
    """The last commit, or the tree as it lies there when nothing tells of commits."""
    if not has_history():
        shutil.copytree(CODE, target, ignore=NOT_CODE)
        return
    target.mkdir()
    packed = archive(target)
    subprocess.run(["tar", "-xf", packed, "-C", target], check=True)  # noqa: S603, S607
    packed.unlink()
