"""What a release does before its first clone starts: the tables, a bakery in an empty shop, the static files."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from .environment import of_processes
from .errors import ClusterError

DONE_WITHIN_SECONDS = 900
MANIFEST = "assets/staticfiles.json"  # written last


def prepare(release: Path, told: Mapping[str, str], *options: str) -> None:
    manage(release, told, "prepare", "--without-static", *options)


def collect_static(release: Path, told: Mapping[str, str]) -> None:
    """Once for a release, since they are a part of it as its code is; then to where those of all releases lie."""
    if not (release / MANIFEST).exists():
        manage(release, told, "collectstatic", "--no-input", "--verbosity", "0")
    manage(release, told, "assets", "--upload")


def manage(release: Path, told: Mapping[str, str], *words: str) -> str:
    """What `manage.py` of this release says. Raises ClusterError with its last line when it fails."""
    command = [release / ".venv" / "bin" / "python", "manage.py", *words]
    done = subprocess.run(  # noqa: S603
        command,
        cwd=release,
        env=of_processes(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=DONE_WITHIN_SECONDS,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ClusterError(f"manage.py {words[0]} of release {release.name} failed: {' '.join(said)}")
    return done.stdout
