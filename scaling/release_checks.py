"""What `manage.py check --deploy` refuses of settings that have to be the same on every clone, and safe.

They are tagged `clones` like those of `scaling.clone_checks`. Django's own deployment checks warn of more.
"""

import ipaddress
import os
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from . import settings
from .clone_checks import CLONES

KEY_LENGTH, KEY_SIGNS = 50, 5  # as Django's own check has it
LOOPBACK_NAMES = ("localhost", ".localhost")


@register(CLONES, deploy=True)
def a_key_that_every_clone_has(**_: Any) -> list[CheckMessage]:
    """With one that is made at start, each clone signs in its own way: what the first one signed, the second refuses.
    Whoever reads it from elsewhere silences the second message."""
    key = _key()
    hint = (
        "Set SECRET_KEY in the environment of all clones to the same 50 letters or more, made once:"
        ' python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_SIGNS or "insecure" in key.lower():
        return [Error("SECRET_KEY is empty, short, or one that everybody knows.", hint=hint, id="scaling.E018")]
    if key not in os.environ.values():
        told = "SECRET_KEY is not in the environment: made at start, it would be another one on each clone."
        return [Error(told, hint=hint, id="scaling.E019")]
    return []


@register(CLONES, deploy=True)
def a_release_that_is_known(**_: Any) -> list[CheckMessage]:
    """Without its id nobody can tell whether a server still answers with old code."""
    if settings.RELEASE:
        return []
    hint = "Set RELEASE to the id of the deployed code, for instance the commit."
    return [Error("RELEASE is empty.", hint=hint, id="scaling.E020")]


@register(CLONES, deploy=True)
def no_debugging(**_: Any) -> list[CheckMessage]:
    """Debugging shows settings and code to whoever meets an error, and remembers every statement."""
    hint = "Set DEBUG to False."
    return [Error("DEBUG is on.", hint=hint, id="scaling.E021")] if settings.DEBUG else []


@register(CLONES, deploy=True)
def hosts_that_are_ours(**_: Any) -> list[CheckMessage]:
    """Links in mails would lead to whatever host a stranger has asked for."""
    hint = "Name the hosts in ALLOWED_HOSTS."
    if not settings.ALLOWED_HOSTS:
        return [Error("ALLOWED_HOSTS is empty: every answer would be a 400.", hint=hint, id="scaling.E022")]
    if "*" in settings.ALLOWED_HOSTS:
        return [Error("ALLOWED_HOSTS lets any host in.", hint=hint, id="scaling.E022")]
    return []


@register(CLONES, deploy=True)
def cookies_for_tls_alone(**_: Any) -> list[CheckMessage]:
    """Only what never leaves this machine may go without."""
    if settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE:
        return []
    abroad = [host for host in settings.ALLOWED_HOSTS if not _is_loopback(host)]
    if not abroad:
        return []
    told = (
        f"Cookies go without TLS (SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE), and '{abroad[0]}' is not this machine."
    )
    hint = "Set both to True and have TLS in front, or name only 127.0.0.1 and localhost in ALLOWED_HOSTS."
    return [Error(told, hint=hint, id="scaling.E023")]


def _key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:  # Django's word for an empty one
        return ""


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
