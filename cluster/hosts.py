"""A host that runs part of a cluster: this machine, or another one over SSH. Both take the same commands.

Invoke runs a command here, Fabric there, and both under one interface; the recipe of a deploy knows no difference.
"""

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from fabric import Connection
from invoke import Context
from invoke.exceptions import CommandTimedOut, Failure, ThreadException
from paramiko.ssh_exception import SSHException

from .errors import ClusterError

ANSWERS_WITHIN_SECONDS = 10
DONE_WITHIN_SECONDS = 600
ENVIRONMENT = "set -a && . ./shared/env && set +a"


class Host:
    """Where a cluster lies in `folder`. `address` is [user@]name[:port], or empty for this machine."""

    def __init__(self, folder: str, address: str = "", *, connect: dict | None = None) -> None:
        self.folder, self.address = folder, address
        self.context: Context = (
            Connection(address, connect_timeout=ANSWERS_WITHIN_SECONDS, connect_kwargs=connect or {})
            if address
            else Context()
        )

    @property
    def where(self) -> str:
        return f"on {self.address}" if self.address else "here"

    def run(self, *commands: str, seconds: float = DONE_WITHIN_SECONDS) -> str:
        """Run these in the cluster's folder, one after the other, in a shell. Returns what they print; raises
        ClusterError with the last line of what they complain about."""
        line = " && ".join([f"cd {shlex.quote(self.folder)}", *commands])
        try:
            return self.context.run(line, hide=True, timeout=seconds, in_stream=False).stdout
        except CommandTimedOut:
            raise ClusterError(f"{self._told(commands[-1])} took longer than {seconds:.0f} s.") from None
        except Failure as failure:
            said = (failure.result.stderr.strip() or failure.result.stdout.strip()).splitlines()[-1:]
            raise ClusterError(f"{self._told(commands[-1])}: {' '.join(said) or 'failed'}") from None
        except (OSError, SSHException, ThreadException) as error:
            raise ClusterError(f"{self.address} cannot be reached: {error}") from None

    def python(self, release: str, *words: str, seconds: float = DONE_WITHIN_SECONDS) -> str:
        """Run Python of a release in its folder, as the shop's processes run."""
        command = shlex.join([".venv/bin/python", *words])
        return self.run(ENVIRONMENT, f"cd releases/{shlex.quote(release)}", command, seconds=seconds)

    def current(self, *words: str) -> str:
        """The same of the release that runs."""
        return self.run(ENVIRONMENT, "cd current", shlex.join([".venv/bin/python", *words]))

    def put(self, local: Path, remote: str) -> None:
        """Copy a file into the cluster's folder."""
        there = f"{self.folder}/{remote}"
        if not self.address:
            shutil.copyfile(local, there)
            return
        try:
            self.context.put(str(local), there)
        except (OSError, SSHException) as error:
            raise ClusterError(f"{self.address} takes no file: {error}") from None

    def _told(self, command: str) -> str:
        what = command.removeprefix(".venv/bin/python ").removeprefix("-m ")
        return f"{what} {self.where}"


def hosts_of(folder: str, addresses: Sequence[str]) -> list[Host]:
    """Those that were named; this machine when none were."""
    return [Host(folder, address) for address in addresses] or [Host(folder)]
