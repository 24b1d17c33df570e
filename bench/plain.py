"""An nginx that serves a folder and does nothing else, to measure against."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shop.valkeys import free_port

from .opened import wait_until
from .visitor import Visitor

STARTED_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10
CONFIGURATION = """
{user} worker_processes auto; daemon off; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    types {{ text/html html; }}
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path none; uwsgi_temp_path none;
    scgi_temp_path none;
    server {{ listen 127.0.0.1:{port}; root pages; location /packed/ {{ gzip_static on; }} }}
}}
"""


@contextmanager
def plain_server(folder: Path, page: bytes, packed: bytes) -> Iterator[str]:
    """Serve `packed/page.html`, which is sent packed, and `page.html`, a file as long as that. Gives the address."""
    files = {"packed/page.html": page, "packed/page.html.gz": packed, "page.html": packed}
    for name, data in files.items():
        (folder / "pages" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pages" / name).write_bytes(data)
    port, user = free_port(), "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(CONFIGURATION.format(port=port, user=user))
    command = [shutil.which("nginx") or "nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), STARTED_WITHIN_SECONDS, "the plain server")
        yield url
    finally:
        process.terminate()
        process.wait(STOPPED_WITHIN_SECONDS)


def _answers(url: str) -> bool:
    try:
        return bool(Visitor(url).get("/page.html").status)
    except OSError:
        return False
