"""As many requests as a server takes, asked for by wrk."""

import re
import shutil
import subprocess
from collections.abc import Mapping

CONNECTIONS = 32


def missing() -> str:
    """Why it cannot be done here, or nothing."""
    return "" if shutil.which("wrk") else "wrk is not installed (Debian: apt-get install wrk)."


def requests_a_second(url: str, seconds: int, headers: Mapping[str, str]) -> float:
    """One thread, connections that are kept alive; every answer must be a 200."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run([*command, url], check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 30)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise ConnectionError(f"Not every request to {url} went well:\n{done.stdout}")
    return float(re.search(r"Requests/sec: +([\d.]+)", done.stdout)[1])
