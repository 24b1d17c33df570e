"""Many clones behind a balancer that speaks TLS. Refuses to start while something it needs is not said."""

import os

from django.core.exceptions import ImproperlyConfigured

NEEDED = ["SECRET_KEY", "RELEASE", "ALLOWED_HOSTS", "SITE_URL", "DATABASE_URL", "CACHE_URL", "KEEP_URL", "BROKER_URL"]
_missing = [name for name in NEEDED if not os.environ.get(name)]
if _missing:
    raise ImproperlyConfigured(f"Production needs these in the environment: {', '.join(_missing)}.")

from .base import *  # noqa: E402, F403
from .base import CACHE_URL, KEEP_URL  # noqa: E402

if CACHE_URL == KEEP_URL:
    raise ImproperlyConfigured("CACHE_URL and KEEP_URL must be two servers: the one evicts, the other must not.")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^metrics$"]  # asked by machines inside the network
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
RATELIMIT_IP_META_KEY = "HTTP_X_FORWARDED_FOR"  # set by the proxy alone: compose/proxy
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
