"""Processes of a cluster whose process manager is gone: killed, or left behind by a server that makes daemons."""

import os
import signal
from pathlib import Path

from .places import Places

TITLED = {"nginx", "valkey-server"}
MARK = "CLUSTER_OF"  # in the environment of all that the process manager starts, and of nothing else


def leftovers(where: Places) -> set[int]:
    """Every process that belongs to the cluster, by its id."""
    mark = f"{MARK}={where.folder}".encode()
    every = Path("/proc").glob("[0-9]*")
    return {int(one.name) for one in every if mark in _environment(one) or _is_silent_server(one, where.folder)}


def _is_silent_server(process: Path, folder: Path) -> bool:
    """Servers that write their title over their environment, and work in the cluster's folder."""
    try:
        name, works_in = (process / "exe").readlink().name, (process / "cwd").readlink()
    except OSError:
        return False
    return name in TITLED and works_in.is_relative_to(folder)


def end(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def lives(pid: int) -> bool:
    """Whether it has not ended. One that has, and that nobody has noticed, does nothing any more."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
