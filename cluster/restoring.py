"""A cluster made of a backup, in a folder that holds none: `python -m cluster start` goes on from there.

It has the key, the accounts and the data of then, and ports of its own. Visitors may bear tokens that name positions
which this primary has never had; so an epoch begins, as at a promotion, and such a token is dropped when it is shown.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import django

from scaling import epochs
from shop.mariadb import Cluster
from shop.valkeys import Valkey

from .backup import APPENDED, DATA, ENV, FILES, KEEP, OWN_ENV, PASSWORDS, RELEASE
from .environment import choose, cluster_of, read, write
from .errors import ClusterError
from .places import Places
from .supervision import wait_for
from .topology import valkey

ANSWERED_WITHIN_SECONDS = 60
Say = Callable[[str], None]


def restore(where: Places, folder: Path, say: Say) -> None:
    """Raises ClusterError where there is something already, or no backup."""
    if not (folder / RELEASE).exists():
        raise ClusterError(f"{folder} is no backup, or not a whole one.")
    if where.databases.exists():
        raise ClusterError(f"There is a cluster in {where.folder}: set CLUSTER_DIR to a new folder.")
    where.make()
    every = restore_secrets(where, folder)
    for server in every.servers:
        shutil.copytree(folder / DATA, server.folder / "data")
    say(f"{len(every.servers)} databases")
    shutil.copytree(folder / FILES, where.files, dirs_exist_ok=True)
    say("pictures and private files")
    restore_keep(where, folder, f"127.0.0.1:{every.primary.port}")
    say("keep: sessions, baskets, tokens")


def restore_secrets(where: Places, folder: Path) -> Cluster:
    """The environment of then, with ports of now."""
    write(where.env, read(folder / ENV))
    if (folder / OWN_ENV).exists():
        shutil.copy(folder / OWN_ENV, where.own_env)
    every = cluster_of(where, choose(where))
    every.passwords = read(folder / PASSWORDS)
    every.keep()
    return cluster_of(where, choose(where))


def restore_keep(where: Places, folder: Path, primary: str) -> None:
    told = read(where.env)
    server = valkey(where, told, "keep")
    server.folder.mkdir(mode=0o700)
    shutil.copytree(folder / KEEP, server.folder / APPENDED)
    os.environ.update(told, RELEASE=(folder / RELEASE).read_text().split()[0])
    django.setup()
    while_it_runs(server, lambda: epochs.begin(primary))


def while_it_runs(server: Valkey, do: Callable[[], object]) -> None:
    process = subprocess.Popen(  # noqa: S603
        server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: process.poll() is not None or server.answers(), ANSWERED_WITHIN_SECONDS, "the start of keep")
        if process.poll() is not None:
            raise ClusterError(f"keep does not start with what is in {server.folder}.")
        do()
    finally:
        process.terminate()
        process.wait()
