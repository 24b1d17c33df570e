"""What a shop on one machine needs before it starts: a folder, a free port, room on the disk, and two Valkeys."""

import errno
import fcntl
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import IO

from . import env_file
from .valkeys import Valkey, free_port

ROOM_MB = 300
WELCOME = """
  The shop is open   {url}
  The kitchen        {url}/admin/

  ana@bakery.example    a customer
  maya@bakery.example   her friend
  ada@bakery.example    the baker
  The password of all three is warm-bread-7am."""


class CannotStartError(Exception):
    """Why the shop cannot be opened here, in one line that says what to do."""


def claim(folder: Path) -> IO[str]:
    """Make the folder and hold it until the answered file is closed, also by our death: one shop a folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CannotStartError(f"A shop is already running from {folder}: stop it first, or set STATE_DIR.") from None
    return lock


def check_port(host: str, port: str) -> None:
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise CannotStartError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise CannotStartError(_why(error, host, port)) from None


def _why(error: OSError, host: str, port: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: try PORT={int(port) % 65535 + 1} make run."
    if error.errno == errno.EACCES:
        return f"Port {port} is not open to you: try PORT=8000 make run."
    return f"HOST must be an address of this machine, not {host!r}."


def check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free // 2**20
    if free < ROOM_MB:
        raise CannotStartError(f"The disk is full: {folder} has {free} MB left, and the shop wants {ROOM_MB} MB.")


def environment(folder: Path) -> dict[str, str]:
    """The key, and the addresses of the two Valkeys, chosen once for the folder and kept in its file `env`."""
    kept = env_file.read(folder / "env")
    chosen = {"SECRET_KEY": os.environ.get("SECRET_KEY") or kept.get("SECRET_KEY") or secrets.token_urlsafe(48)}
    for valkey in (_valkey(name, folder, kept) for name in ("cache", "keep")):
        chosen[f"{valkey.name.upper()}_URL"] = valkey.url
    env_file.write(folder / "env", chosen)
    return chosen


def valkey_of(name: str, folder: Path, url: str) -> Valkey:
    password, _, port = url.removeprefix("redis://:").removesuffix("/0").partition("@127.0.0.1:")
    return Valkey(name, folder / name, int(port), password)


def _valkey(name: str, folder: Path, kept: dict[str, str]) -> Valkey:
    """The one that was here before; at another port when somebody else has taken its own."""
    url = kept.get(f"{name.upper()}_URL", "")
    if url:
        known = valkey_of(name, folder, url)
        if _is_free(known.port):
            return known
    return Valkey(name, folder / name, free_port(), secrets.token_urlsafe(24))


def _is_free(port: int) -> bool:
    try:
        check_port("127.0.0.1", str(port))
    except CannotStartError:
        return False
    return True
