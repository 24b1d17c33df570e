"""What tests change: quick password hashes, mail kept in memory, and a folder and two Valkeys for each process.

`tests/conftest.py` starts the Valkeys. The three values are set, not defaulted: the processes of a parallel run
inherit the environment of the one that started them.
"""

import os
import tempfile
from pathlib import Path

from shop.valkeys import free_port

os.environ["STATE_DIR"] = str(Path(tempfile.gettempdir()) / f"bakery-test-{os.getpid()}")
os.environ["CACHE_URL"] = f"redis://:only-for-tests@127.0.0.1:{free_port()}/0"
os.environ["KEEP_URL"] = f"redis://:only-for-tests@127.0.0.1:{free_port()}/0"
os.environ.setdefault("SECRET_KEY", "only-for-tests")

from .base import *  # noqa: F403
from .base import DATABASES, STATE, STORAGES

ALLOWED_HOSTS = ["*"]
XRAY = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
DATABASES["default"]["TEST"] = {"NAME": STATE / "test.sqlite3"}
