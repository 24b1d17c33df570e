"""A file of settings, a line each, that a shell can read as well: secrets are in it, so it is for our eyes alone."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """A value that is not quoted may have blanks and signs in it. Raises ValueError for a quote that does not end."""
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return {name: " ".join(shlex.split(value)) for name, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    """As a whole: a process that starts now reads the old file or the new one."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    new.replace(path)
