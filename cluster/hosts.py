"""A host that runs part of a cluster: this machine, or another one over SSH. Both take the same commands.

Invoke runs a command here, Fabric there, and both under one interface; the recipe of a deploy knows no difference.
Whoever answers under a host's name must have the key that `~/.ssh/known_hosts` has for it.
"""

import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fabric import Connection
from invoke import Context
from invoke.exceptions import CommandTimedOut, Failure, ThreadException
from paramiko import Channel, RejectPolicy
from paramiko.ssh_exception import SSHException

from .environment import of_processes
from .errors import REFUSED, ClusterError
from .places import COMMAND, Places, at_work, claimed, holder

ANSWERS_WITHIN_SECONDS = 10
ALIVE_EVERY_SECONDS = 15  # something is sent, so that nobody between us forgets the connection during a long step
DONE_WITHIN_SECONDS = 600
UNDONE_WITHIN_SECONDS = 60  # what has taken too long is asked to undo what it has begun, and killed after that
TIMED_OUT, KILLED, LOST, HELD = 124, 137, -1, 75  # statuses: of `timeout`, of a lost connection, of our lock
# Whoever stops a deploy, or loses the line to it, cuts no command in two: see cluster.interrupting.
SHIELD = "trap '' HUP INT"
ENVIRONMENT = "unset RELEASE && set -a && . ./shared/env && set +a"
FREE_WITHIN_SECONDS = 3  # of a line that was lost: until its end is noticed there
PYTHON = "exec .venv/bin/python"
FLOCK = f"flock --conflict-exit-code {HELD}"
PATIENT = f"{FLOCK} --timeout {FREE_WITHIN_SECONDS}"
IF_HELD = f"s=$?; if test $s = {HELD}; then cat {{}} >&2; fi; exit $s"  # whoever holds it has said so in it
UNREACHED = (OSError, EOFError, SSHException, ThreadException)


class CommandFailed(ClusterError):
    """What a host was asked to run. `said` is all that it has told."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.said = said


class Host:
    """Where a cluster lies in `folder`. `address` is [user@]name[:port], or empty for this machine; `identity` a file
    with the key to open it by, where SSH's own configuration does not say."""

    def __init__(self, folder: str, address: str = "", *, identity: str = "") -> None:
        self.folder, self.address = folder, address
        self.context: Context = _connection(address, identity) if address else Context()
        self._holder = holder()
        self._channel: Channel | None = None
        self._options = {} if address else {"env": of_processes({}), "replace_env": True}

    @property
    def where(self) -> str:
        return f"on {self.address}" if self.address else "here"

    def run(self, *commands: str, seconds: float = DONE_WITHIN_SECONDS) -> str:
        """Run these in the cluster's folder, one after the other, in a shell. Returns what they print; raises
        ClusterError with the last line of what they complain about, or that another command is at work there still:
        it goes on when whoever has asked for it is gone."""
        line = self._line(commands, seconds)
        late = seconds + UNDONE_WITHIN_SECONDS + ANSWERS_WITHIN_SECONDS
        self._hold_still()
        try:
            return self.context.run(line, hide=True, timeout=late, in_stream=False, **self._options).stdout
        except CommandTimedOut:
            raise self._late(commands[-1], seconds) from None
        except Failure as failure:
            raise self._failed(commands[-1], seconds, failure.result) from None
        except UNREACHED as error:
            raise self._unreached(error) from None

    def python(self, release: str, *words: str, seconds: float = DONE_WITHIN_SECONDS) -> str:
        """Run Python of a release in its folder, as the shop's processes run."""
        return self._python(f"releases/{shlex.quote(release)}", words, seconds)

    def current(self, *words: str) -> str:
        """The same of the release that runs."""
        return self._python("current", words, DONE_WITHIN_SECONDS)

    def put(self, local: Path, remote: str) -> None:
        """Copy a file into the cluster's folder."""
        there = f"{self.folder}/{remote}"
        self._hold_still()
        try:
            if self.address:
                self.context.put(str(local), there)
            else:
                shutil.copyfile(local, there)
        except UNREACHED as error:
            raise ClusterError(f"{remote} cannot be put {self.where}: {error}") from None

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the cluster there, see `places.claimed`: it is free again once this ends, or the connection does."""
        if not self.address:
            with claimed(Places(Path(self.folder))):
                yield
            return
        try:
            self._channel = self._lock("true")
        except UNREACHED as error:
            raise self._unreached(error) from None
        try:
            yield
        finally:
            with suppress(*UNREACHED):
                self._channel.shutdown_write()
                self._channel.status_event.wait(ANSWERS_WITHIN_SECONDS)  # free when this is over, not soon after
            self._channel = None
            self.context.close()

    def _hold_still(self) -> None:
        """A connection opens again by itself, but what was held went with it: hold it again, or do nothing more."""
        if self._channel is None or not (self._channel.closed or self._channel.exit_status_ready()):
            return
        self.context.close()
        try:
            self._channel = self._lock(f'test "$(cat lock)" = {shlex.quote(self._holder)}')
        except UNREACHED as error:
            raise self._unreached(error) from None

    def _lock(self, if_true: str) -> Channel:
        """Hold it there if this is true; what has held it last is in `lock`."""
        channel = self.context.create_session()
        self.context.transport.set_keepalive(ALIVE_EVERY_SECONDS)
        channel.settimeout(ANSWERS_WITHIN_SECONDS)
        noted = f"echo {shlex.quote(self._holder)} > lock"
        hold = f"{if_true} || {{ echo gone; exit; }}; {noted}; echo held; exec cat"
        line = f"cd {shlex.quote(self.folder)} || exit; {PATIENT} lock sh -c {shlex.quote(hold)}"
        channel.exec_command(shlex.join(["sh", "-c", f"{line}; {IF_HELD.format('lock')}"]))
        answer = channel.makefile().readline().strip()
        if answer == "held":
            return channel
        if answer == "gone":
            why = "since the line to it was lost: nothing more is done there. Look at its status first."
            raise ClusterError(f"Another command has been at work {self.where} {why}")
        said = channel.makefile_stderr().read().decode(errors="replace").strip()
        if channel.recv_exit_status() == HELD:
            raise ClusterError(at_work(self.where, said))
        raise ClusterError(f"{self.folder} cannot be held {self.where}: {said or 'no answer'}")

    def _line(self, commands: Sequence[str], seconds: float) -> str:
        """Whatever these start holds `command` for as long as it runs."""
        noted = f"echo {shlex.quote(f'{_told(commands[-1]).splitlines()[0]}, {holder()}')} > {COMMAND}"
        script = f"{SHIELD}; {noted}; {' && '.join(commands)}"  # shielded again: `timeout` hears signals
        limited = f"timeout --kill-after={UNDONE_WITHIN_SECONDS} {seconds:.0f} sh -c {shlex.quote(script)}"
        held = f"cd {shlex.quote(self.folder)} || exit; {FLOCK} --nonblock {COMMAND} {limited}"
        return shlex.join(["sh", "-c", f"{SHIELD}; {held}; {IF_HELD.format(COMMAND)}"])

    def _python(self, folder: str, words: Sequence[str], seconds: float) -> str:
        """In the place of the shell, which would end at once when `timeout` tells it to, and leave it alone."""
        return self.run(ENVIRONMENT, f"cd {folder}", f"{PYTHON} {shlex.join(words)}", seconds=seconds)

    def _failed(self, command: str, seconds: float, result) -> ClusterError:
        if result.exited in (TIMED_OUT, KILLED):
            return self._late(command, seconds)
        if result.exited == LOST:
            return self._unreached(ConnectionError(f"the connection was lost during {_told(command)}"))
        said = result.stderr.strip() or result.stdout.strip()
        if result.exited == HELD:
            return ClusterError(at_work(self.where, said))
        last = said.splitlines()[-1:] or [f"failed with status {result.exited}"]
        if result.exited == REFUSED:
            return CommandFailed(f"{self.address}: {last[0]}" if self.address else last[0], said)
        return CommandFailed(f"{_told(command)} {self.where}: {last[0]}", said)

    def _late(self, command: str, seconds: float) -> ClusterError:
        return ClusterError(f"{_told(command)} {self.where} took longer than {seconds:.0f} s.")

    def _unreached(self, error: BaseException) -> ClusterError:
        return ClusterError(f"{self.address or 'This machine'} cannot be reached: {error}")


def hosts_of(folder: str, addresses: Sequence[str], identity: str = "") -> list[Host]:
    """Those that were named; this machine when none were."""
    return [Host(folder, address, identity=identity) for address in addresses] or [Host(folder)]


def _connection(address: str, identity: str) -> Connection:
    keys = {"key_filename": identity} if identity else {}
    connection = Connection(address, connect_timeout=ANSWERS_WITHIN_SECONDS, connect_kwargs=keys)
    connection.client.load_system_host_keys()
    connection.client.set_missing_host_key_policy(RejectPolicy())  # Fabric's own takes whoever answers first
    return connection


def _told(command: str) -> str:
    return command.removeprefix(f"{PYTHON} ").removeprefix("-m ")
