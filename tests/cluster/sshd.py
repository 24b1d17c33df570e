"""A real SSH server for tests: on a free port of this machine alone, with keys of its own."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from ..servers import free_port, lacking, listens, stop, wait_until

SSHD = Path("/usr/sbin/sshd")  # which wants to be called by its full path
CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
"""


@contextmanager
def opened_sshd(home):
    """It lets in whoever has `home/key`; answers its port."""
    if not SSHD.exists():
        lacking("openssh-server is not installed")
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    port, log = free_port(), home / "sshd.log"
    (home / "sshd_config").write_text(CONFIGURATION.format(port=port, folder=home))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it shuts itself in; a boot makes it
    process = subprocess.Popen([SSHD, "-D", "-f", home / "sshd_config", "-E", log])
    try:
        wait_until(lambda: process.poll() is not None or listens(port), what="the start of sshd")
        assert process.poll() is None, log.read_text()
        yield port
    finally:
        stop(process)


def know(home, port, *, by="host_key"):
    """Have it known by the key in that file."""
    kind, key, *_ = (home / f"{by}.pub").read_text().split()
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
