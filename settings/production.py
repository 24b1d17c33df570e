"""Many clones behind a balancer that speaks TLS. Refuses to start while something it needs is not said.

What is said, and would make a server more than a clone, `manage.py check --deploy --tag clones` refuses, and so does
every web process before it accepts: see `scaling.clone_checks`.
"""

import os

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import CACHE_URL, KEEP_URL, LOGGING, RELEASE, env

NEEDED = (
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "SITE_URL",
    "DATABASE_URL",
    "CACHE_URL",
    "KEEP_URL",
    "BROKER_URL",
    "FILES_URL",
)
_missing = [name for name in NEEDED if not os.environ.get(name)]
if _missing:
    raise ImproperlyConfigured(f"Production needs these in the environment: {', '.join(_missing)}.")
if RELEASE == "embedded":
    raise ImproperlyConfigured(
        "Production needs RELEASE in the environment, or in the file RELEASE beside manage.py."
    )
if CACHE_URL == KEEP_URL:
    raise ImproperlyConfigured("CACHE_URL and KEEP_URL must be two servers: the one evicts, the other must not.")

CHECKS_AT_START = ["clones"]
TLS = env.bool("TLS", default=True)  # off on the loopback address of one machine alone: a check refuses it elsewhere
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS else None
SECURE_SSL_REDIRECT = TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if TLS else 0
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]  # asked by machines inside the network
SESSION_COOKIE_SECURE = TLS
CSRF_COOKIE_SECURE = TLS
RATELIMIT_IP_META_KEY = "HTTP_X_FORWARDED_FOR"  # set by the proxy alone: compose/proxy
EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
LOGGING["handlers"]["console"]["formatter"] = env("LOG_FORMAT", default="json")
LOGGING["loggers"]["scaling.requests"]["level"] = "INFO" if env.bool("ACCESS_LOG", default=True) else "WARNING"
