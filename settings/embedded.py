"""One machine, nothing to install: SQLite, two Valkeys from a wheel, files in one folder. `manage.py`'s default."""

import os
from pathlib import Path

import environ

# What `manage.py run` has chosen once for this folder: the key, and where its two Valkeys are. So a command typed in
# another window speaks to the running shop.
_state = Path(os.environ.get("STATE_DIR") or Path(__file__).resolve().parent.parent / ".state")
_state.mkdir(mode=0o700, parents=True, exist_ok=True)
if (_state / "env").exists():
    environ.Env.read_env(_state / "env")

from .base import *  # noqa: E402, F403
from .base import env  # noqa: E402

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
XRAY = env.bool("XRAY", default=True)
SERVE_PUBLISHED = env.bool("SERVE_PUBLISHED", default=True)
HOST = env("HOST", default="127.0.0.1")  # where `manage.py run` listens
PORT = env("PORT", default="8000")
