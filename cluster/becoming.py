"""Servers that read their configuration anew at each start: this process becomes one."""

import os

from .databases import database_command
from .environment import read
from .places import Places
from .topology import nginx


def become(where: Places, program: str) -> None:
    is_proxy = program == "proxy"
    command = nginx(where, read(where.env)).command() if is_proxy else database_command(where, program)
    os.execv(command[0], command)  # noqa: S606
