"""Settings, in the order of the chapters: clones, database, cache, asynchronism, and then the shop itself.

Everything that differs from one place to another comes from the environment, and is read here and nowhere else.
`.env.example` lists it. `embedded`, `production` and `test` hold only what differs.
"""

import logging
from pathlib import Path

import environ
from celery.schedules import crontab
from kombu import Exchange, Queue

from scaling.xray import CacheConnection, KeepConnection

from . import document_stores
from .places import Place, origin

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()
if (ROOT / ".env").exists():
    env.read_env(ROOT / ".env")

# ---------------------------------------------------------------- Clones: any server answers the same

STATE = Path(env("STATE_DIR", default=str(ROOT / ".state")))  # embedded: everything that is kept, in one folder
SECRET_KEY = env("SECRET_KEY", default="")
_told = ROOT / "RELEASE"  # code that was unpacked says which it is
RELEASE = env("RELEASE", default="") or (_told.read_text().strip() if _told.exists() else "embedded")
CLONE = env("CLONE", default="")  # the host's name and process id when empty
DRAIN_SECONDS = env.float("DRAIN_SECONDS", default=0.0)  # for a balancer to notice that a clone is not ready any more
HANDOVER = env("HANDOVER", default="")  # a Unix socket: where a clone takes its port over from the one before
READY_WITHIN_SECONDS = env.float("READY_WITHIN_SECONDS", default=60.0)  # or a new clone gives up
# What it must be able to show before anybody is sent to it, and what says which pages besides
PAGES_OF_A_READY_CLONE = ["/", "/shelves/", "/account/sign-in/"]
FURTHER_PAGES_OF_A_READY_CLONE = "shop.pages.one_of_each"
FLEET_KNOWS = "products.store_names.names"  # what every process says of itself besides
CHECKS_AT_START: list[str] = []  # tags of system checks that refuse to start
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BENCH = env.bool("BENCH", default=False)  # serve the pages of shop/views/measured.py
XRAY = env.bool("XRAY", default=False)  # Server-Timing on every response: what it cost
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # who bears it reads /metrics; without one only XRAY shows it

KEEP_URL = env("KEEP_URL", default="redis://127.0.0.1:6390/0")  # sessions, baskets, tokens, broker: noeviction, AOF
SESSION_ENGINE = "scaling.sessions"
SESSION_CACHE_ALIAS = "keep"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# What people send and workers store: a folder that every clone mounts, file:///folder, or a bucket of S3,
# s3://bucket/folder?endpoint=https://…&region=…, with the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Pages
# and static files may have another place; where none is said they are beside the others, but in no bucket.
FILES_URL = env("FILES_URL", default="")
PUBLISHED_URL = env("PUBLISHED_URL", default="")
STATIC_FILES_URL = env("STATIC_FILES_URL", default="")
_here = Place(STATE.absolute().as_uri())
_files = Place(FILES_URL or _here.url)
_beside = _files if _files.folder else _here
_published = Place(PUBLISHED_URL or _beside.inside("published").url)
_static = Place(STATIC_FILES_URL or _beside.inside("static").url)
_folders = [Place(url).folder for url in (FILES_URL, PUBLISHED_URL, STATIC_FILES_URL) if url]
SHARED_FOLDERS = [folder for folder in _folders if folder]

MEDIA_URL = env("MEDIA_URL", default="") or _files.inside("media").address("/media/")
MEDIA_ROOT = _beside.inside("media").folder
STATIC_URL = env("STATIC_URL", default="") or _static.address("/static/")
STATIC_ROOT = _static.folder
STORAGES = {
    "default": _files.inside("media").public(MEDIA_URL),
    # Without an address: what is here goes out through a view that asks whose it is.
    "pictures_private": _files.inside("private").private(),
    "published": _published.plain(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
PUBLISHED_STORE = "scaling.folder.Folder" if _published.folder else "scaling.bucket.Bucket"
ASSETS_STORE = "scaling.asset_folder.AssetFolder" if _static.folder else "scaling.asset_bucket.AssetBucket"
if STATIC_FILES_URL or (FILES_URL and _files.folder):
    STORAGES["assets"] = _static.plain()  # those of every release; see scaling.assets
    STATIC_ROOT = ROOT / "assets"  # of this release alone, with its manifest: a part of its code
CDN_PURGE_URL = env("CDN_PURGE_URL", default="")  # a cache in front of the pages that is to hear which are new
PUBLISHED_PURGE = "scaling.purging.http_purge" if CDN_PURGE_URL else ""
WHITENOISE_MAX_AGE = 3600

# ---------------------------------------------------------------- Database: write to the primary, read from replicas

DATABASE_URL = env("DATABASE_URL", default="")  # mysql://user:password@host:port/name; SQLite when empty
REPLICA_URLS = env.list("REPLICA_URLS", default=[])  # accounts there need SELECT alone
DB_TIMEOUT = env.int("DB_TIMEOUT", default=30)  # seconds for an answer; `shop.wsgi` sets 1: a visitor waits no longer
_pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;"
_sqlite = {"ENGINE": "django.db.backends.sqlite3", "CONN_MAX_AGE": None}
_session = (
    "SET sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    f" time_zone = '+00:00', innodb_lock_wait_timeout = {DB_TIMEOUT}"
)


def _mysql(url: str, seconds: int) -> dict:
    """A MariaDB or MySQL whose answers are waited for so many seconds, over connections that are kept."""
    options = {
        "charset": "utf8mb4",
        "connect_timeout": 1,
        "read_timeout": seconds,
        "write_timeout": seconds,
        "isolation_level": "read committed",
        "init_command": _session,
    }
    return environ.Env.db_url_config(url) | {"OPTIONS": options, "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}


if DATABASE_URL:
    # The primary has a second longer: whoever waits for a lock in vain hears so from the server, and may try again.
    DATABASES = {"default": _mysql(DATABASE_URL, DB_TIMEOUT + 1)}
    for _number, _url in enumerate(REPLICA_URLS, start=1):
        # No question whether it is there before each use: the monitor knows, and a failing read is moved elsewhere.
        _replica = _mysql(_url, DB_TIMEOUT) | {"CONN_HEALTH_CHECKS": False, "TEST": {"MIRROR": "default"}}
        DATABASES[f"replica{_number}"] = _replica
else:
    DATABASES = {
        "default": _sqlite
        | {
            "NAME": STATE / "shop.sqlite3",
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": _pragmas},
        },
        # The same file opened read-only: a write that is routed wrongly fails here as it would on a real replica.
        "replica": _sqlite
        | {
            "NAME": f"file:{STATE / 'shop.sqlite3'}?mode=ro",
            "OPTIONS": {"timeout": 20, "uri": True, "transaction_mode": "DEFERRED"},
            "TEST": {"MIRROR": "default"},
        },
    }
REPLICAS = [alias for alias in DATABASES if alias != "default"]
# Documents: in the SQL database when it is empty or "default", or mongodb://host:port/name (the official backend), or
# djongo+mongodb://host:port/name. The second is the store that they are to move to: `manage.py documents --move`
DOCUMENTS_URL = env("DOCUMENTS_URL", default="") or document_stores.SQL
NEXT_DOCUMENTS_URL = env("NEXT_DOCUMENTS_URL", default="")
DOCUMENTS = document_stores.alias_of(DOCUMENTS_URL, "documents")
NEXT_DOCUMENTS = document_stores.alias_of(NEXT_DOCUMENTS_URL, "next_documents") if NEXT_DOCUMENTS_URL else ""
for _alias, _url in ((DOCUMENTS, DOCUMENTS_URL), (NEXT_DOCUMENTS, NEXT_DOCUMENTS_URL)):
    if _alias not in ("", "default"):
        DATABASES[_alias] = document_stores.database_of(_url, DB_TIMEOUT)
MODELS_ELSEWHERE = {"products.document": "products.moving.reads"}
DATABASE_ROUTERS = ["scaling.replicas.Router"]
REPLICA_LAG_SECONDS = env.float("REPLICA_LAG_SECONDS", default=10.0)  # a replica that is further behind is left out
CAUSAL_CHANGES = "jobs.changes.CHANGES"
PRIMARY_ONLY = {"accounts.user", "admin", "auth", "contenttypes", "jobs"}  # models, or whole apps
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------- Cache: assemble the whole object once

CACHE_URL = env("CACHE_URL", default="redis://127.0.0.1:6389/0")  # may be flushed at any time: allkeys-lru


def _valkey(url: str, connection_class: type) -> dict:
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "SOCKET_CONNECT_TIMEOUT": 0.5,  # seconds
            "SOCKET_TIMEOUT": 1.0,
            # However many threads there are, a server sees a bounded number of connections; the others wait for one.
            "CONNECTION_POOL_CLASS": "redis.BlockingConnectionPool",
            "CONNECTION_POOL_KWARGS": {"connection_class": connection_class, "max_connections": 32, "timeout": 2},
        },
    }


# Written by workers all the time, and read by nobody through `cached_query`, which refuses them: no stamps for these.
UNSTAMPED_TABLES = {
    "jobs_outbox",
    "jobs_version",
    "jobs_job",
    "jobs_render",
    "jobs_page",
    "jobs_pageuse",
    "products_document",
    "products_documentmove",
    "products_documentwalk",
    "products_term",
    "products_trigram",
    "products_wordsversion",
}

CACHES = {"default": _valkey(CACHE_URL, CacheConnection), "keep": _valkey(KEEP_URL, KeepConnection)}
RATELIMIT_USE_CACHE = "keep"

# ---------------------------------------------------------------- Asynchronism: queue it, say so, signal when done

# A Valkey (redis://…) or RabbitMQ (amqp://…): what Valkey has no word for it passes over.
CELERY_BROKER_URL = env("BROKER_URL", default=KEEP_URL)
LANES = ("interactive", "bulk", "render")  # queues; each has workers of its own
DEAD_LANE = "dead"  # where messages go that killed every worker they met
_quorum = {"x-queue-type": "quorum"}
_guarded = {"x-delivery-limit": 5, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD_LANE}
_exchange = Exchange("shop")
CELERY_TASK_QUEUES = [Queue(name, _exchange, name, queue_arguments=_quorum | _guarded) for name in LANES]
DEAD_QUEUE = Queue(DEAD_LANE, _exchange, DEAD_LANE, queue_arguments=_quorum)
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Who was cut off finds out within a minute, and connects again, for ever. A message counts once the broker says so.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_HEARTBEAT = 30
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"confirm_publish": True, "read_timeout": 10, "write_timeout": 10}
    if CELERY_BROKER_URL.startswith("amqp")
    else {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "global_keyprefix": "broker:",
    }
)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "open-slots": {"task": "shop.tasks.open_slots", "schedule": crontab(hour=3, minute=0)},
    "forget-addresses": {"task": "shop.tasks.forget_addresses", "schedule": crontab(hour=3, minute=10)},
    "clean": {"task": "jobs.cleaning.clean", "schedule": crontab(minute=40), "options": {"queue": "bulk"}},
    # Of pages: those that tell the time each minute, and all of them every hour.
    "tick": {"task": "jobs.page_tasks.tick", "schedule": crontab(), "options": {"expires": 60}},
    "reconcile": {"task": "jobs.page_tasks.reconcile", "schedule": crontab(minute=20), "options": {"queue": "bulk"}},
    # Each minute; one that has waited for a worker that long is dropped, because the next is there.
    "sample": {"task": "jobs.objects.sample", "schedule": 60.0, "options": {"queue": "bulk", "expires": 60}},
}
# Published pages: "all", so many products (those that are looked at most), or "off"
PUBLISH = env("PUBLISH", default="all")
SERVE_PUBLISHED = env.bool("SERVE_PUBLISHED", default=False)  # without a proxy that does
PAGES_INDEX = "jobs.pages.INDEX"
PAGES_SITE = "shop.pages.SITE"
# The task that tells an owner how a job has ended; its subject is the job's key.
JOBS_TELL = env("JOBS_TELL", default="shop.tasks.tell")
CAKE_RENDERER = env("CAKE_RENDERER", default="jobs.cake.render.passes")  # imported by render workers alone
# `JOB_MODULES`: more modules that declare kinds of jobs.
CELERY_IMPORTS = ["jobs.starts", "jobs.cleaning", "jobs.page_tasks", *env.list("JOB_MODULES", default=[])]
CELERY_TIMEZONE = "Europe/London"

# ---------------------------------------------------------------- The shop

INSTALLED_APPS = [
    "shop.apps.BakeryAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "scaling",
    "jobs",
    "accounts",
    "products",
    "shop",
]
MIDDLEWARE = [
    "scaling.clones.CloneMiddleware",
    "scaling.xray.XrayMiddleware",
    "scaling.requests.RequestMiddleware",
    "shop.head.HeadMiddleware",
    "scaling.probes.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "scaling.served.PublishedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "scaling.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "scaling.unavailable.UnavailableMiddleware",
    "scaling.causal.CausalMiddleware",
]
UNAVAILABLE_VIEW = "shop.views.errors.unavailable_page"
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [ROOT / "shop" / "templates"],
        "OPTIONS": {"environment": "shop.jinja.environment"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "shop" / "admin_templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "shop.formats"

# Accounts
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "account"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600

# What a browser may do with our pages. Private pictures come from the bucket itself, public ones maybe from a CDN.
_assets_from = list(filter(None, [origin(STATIC_URL)]))
_pictures_from = {origin(address) for address in (MEDIA_URL, _files.address("")) if origin(address)} - {*_assets_from}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'", *_assets_from],
        "img-src": ["'self'", "data:", "blob:", *_assets_from, *sorted(_pictures_from)],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
CSRF_FAILURE_VIEW = "shop.views.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "accounts.uploads.Cut",  # first: what it drops is written nowhere
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Mail
EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = STATE / "mail"
EMAIL_HOST = env("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("FROM_EMAIL", default="Steve’s Bakery <hello@bakery.example>")
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000")  # where links in mails and the sitemap point to

# Logs go to stderr. A `line` is for somebody who sits there, `json` for who collects them of many machines.
LOG_FORMAT = env("LOG_FORMAT", default="line")
ACCESS_LOG = env.bool("ACCESS_LOG", default=False)  # a line a request
# Traces to whoever speaks OTLP over HTTP, and errors to Sentry: see `shop.tracing`
OTEL_EXPORTER_OTLP_ENDPOINT = env("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
SENTRY_DSN = env("SENTRY_DSN", default="")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "scaling.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "scaling.requests": {"level": "INFO" if ACCESS_LOG else "WARNING"},
        # In the place of the handler that it brings along, as soon as the shop is loaded
        "gunicorn.error": {"handlers": ["console"], "propagate": False},
    },
}
logging.captureWarnings(True)  # what libraries warn of is a line, too, and not several
