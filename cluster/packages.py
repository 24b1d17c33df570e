"""The packages of a release: a virtual environment for its requirements, shared by all releases with the same ones.

`python3 -m cluster.packages RELEASE` in unpacked code makes a release of it, on a host that has nothing else yet.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .errors import ClusterError
from .patience import telling
from .places import Places

REQUIREMENTS = ("requirements.txt", "requirements-render.txt", "requirements-production.txt")
WHOLE = ".whole"


def complete(where: Places, release: str, code: Path, say: Callable[[str], None]) -> Path:
    """Give unpacked code its packages and its name: it is there as a whole or not at all."""
    (code / "RELEASE").write_text(f"{release}\n")
    venv = code / ".venv"
    venv.unlink(missing_ok=True)
    venv.symlink_to(packages(where, code, say))
    code.rename(where.releases / release)
    return where.releases / release


def packages(where: Places, code: Path, say: Callable[[str], None]) -> Path:
    if chosen := os.environ.get("CLUSTER_VENV"):
        return Path(chosen).absolute()
    asked = "".join((code / name).read_text() for name in REQUIREMENTS)
    venv = where.venvs / hashlib.sha256(f"{sys.version}\n{asked}".encode()).hexdigest()[:16]
    if not (venv / WHOLE).exists():
        say("Installing the packages of this release …")
        with telling("installing the packages", say):
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


if __name__ == "__main__":
    try:
        complete(Places(Path.cwd().parent.parent), sys.argv[1], Path.cwd(), lambda line: None)
    except ClusterError as reason:
        sys.exit(str(reason))
