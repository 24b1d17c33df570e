"""What tests change: quick password hashes, mail kept in memory, and a folder and servers for each process.

`tests/conftest.py` starts the servers. What is said of them is set, not defaulted: the processes of a parallel run
inherit the environment of the one that started them.
"""

import os
import tempfile
from pathlib import Path

from bench.mongo import MongoServer
from shop.mariadb import Cluster
from shop.valkeys import free_port

os.environ["STATE_DIR"] = str(Path(tempfile.gettempdir()) / f"bakery-test-{os.getpid()}")
os.environ["CACHE_URL"] = f"redis://:only-for-tests@127.0.0.1:{free_port()}/0"
os.environ["KEEP_URL"] = f"redis://:only-for-tests@127.0.0.1:{free_port()}/0"
os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ["CAKE_RENDERER"] = "bench.standin.passes"

# TEST_DATABASE: SQLite when it is not set. With "mariadb" the replicas are the primary itself, asked by an account
# that can only read, so that no test has to guess about lag; with "replicas" they are two that replicate.
_database = os.environ.get("TEST_DATABASE", "")
MARIADB = None
os.environ |= {"DATABASE_URL": "", "REPLICA_URLS": "", "DOCUMENTS_URL": "", "NEXT_DOCUMENTS_URL": ""}
if _database:
    MARIADB = Cluster(Path(os.environ["STATE_DIR"]) / "mariadb", replicas=2 if _database == "replicas" else 0)
    _readers = MARIADB.replicas or [MARIADB.primary] * 2
    os.environ["DATABASE_URL"] = MARIADB.primary.url("shop")
    os.environ["REPLICA_URLS"] = ",".join(server.url("reader") for server in _readers)

# TEST_DOCUMENTS: where documents lie. In that database when it is not set; "mongodb" is a MongoDB asked by the
# official backend, "djongo" the same asked by djongo.
_documents = os.environ.get("TEST_DOCUMENTS", "")
MONGO = None
if _documents:
    MONGO = MongoServer(Path(os.environ["STATE_DIR"]) / "mongo")
    os.environ["DOCUMENTS_URL"] = MONGO.url("shop", {"mongodb": "mongodb", "djongo": "djongo+mongodb"}[_documents])

from .base import *  # noqa: E402, F403
from .base import CACHES, DATABASE_URL, DATABASES, REPLICAS, STATE, STORAGES  # noqa: E402

ALLOWED_HOSTS = ["*"]
PUBLISH = "off"  # but where a test is about it
XRAY = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
if not DATABASE_URL:
    DATABASES["default"]["TEST"] = {"NAME": STATE / "test.sqlite3"}

# A machine that runs tests may be slow: no server is away because of that.
PATIENCE_SECONDS = 120
for _server in CACHES.values():
    _server["OPTIONS"] |= {"SOCKET_CONNECT_TIMEOUT": PATIENCE_SECONDS, "SOCKET_TIMEOUT": PATIENCE_SECONDS}
    _server["OPTIONS"]["CONNECTION_POOL_KWARGS"]["timeout"] = PATIENCE_SECONDS
for _alias in ("default", *REPLICAS):
    DATABASES[_alias]["OPTIONS"]["connect_timeout" if DATABASE_URL else "timeout"] = PATIENCE_SECONDS
if MONGO:
    _patient = ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS", "waitQueueTimeoutMS")
    DATABASES["documents"]["OPTIONS"] |= dict.fromkeys(_patient, PATIENCE_SECONDS * 1000)
