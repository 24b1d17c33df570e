"""What the proxy is told: `compose/proxy/nginx.conf` filled in, and the headers that pages get from the settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from string import Template

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.utils.module_loading import import_string

from scaling.unavailable import RETRY_AFTER_SECONDS

from .valkeys import COMPOSE
from .views.errors import ORDERS_SHORTLY, SHORTLY

# Of the middleware that is in use, these add headers to every page alike.
GUARDS = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
)
BODY_MB = 10  # a picture, and what a form wraps around it
FAILING = "max_fails=3 fail_timeout=2s"  # who fails so often in that time is left alone for as long
TRIES = 3  # of a request for which no clone was there, or which may be asked twice
NOBODY = "server 127.0.0.1:9 down;"  # nginx wants one, and answers at once that it is away


@dataclass(frozen=True)
class Proxy:
    """Where the proxy listens ("host:port"), whom it asks (the same), and the folders it serves from.

    `scheme` is what visitors speak: "https" when whoever is in front of the proxy ends TLS, and sends plain HTTP on.
    Those in `trusted`, networks, may say for whom they ask.
    """

    listen: str
    clones: tuple[str, ...]
    published: Path
    static: Path
    media: Path
    scheme: str = "http"
    trusted: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write `nginx.conf`, `headers.conf` and `front.conf` into the folder."""
        (folder / "front.conf").write_text(front_conf(self.trusted))
        headers = {"X-Clone": "proxy"} | guarding_headers(self.scheme)
        (folder / "headers.conf").write_text(headers_conf(headers))
        template = Template((COMPOSE / "proxy" / "nginx.conf").read_text())
        (folder / "nginx.conf").write_text(template.safe_substitute(self._values()))

    def _values(self) -> dict[str, object]:
        """By the names in the template. Those of nginx itself are in small letters and stay."""
        return {
            "LISTEN": self.listen,
            "CLONES": "\n        ".join(servers(self.clones)),
            "TRIES": max(TRIES, len(self.clones)),  # places may be empty: one that refuses costs no time
            "PUBLISHED": inside_quotes(self.published),
            "STATIC": inside_quotes(self.static),
            "MEDIA": inside_quotes(self.media),
            "SCHEME": self.scheme,
            "BODY_MB": BODY_MB,
            "RETRY_AFTER": RETRY_AFTER_SECONDS,
            "SAID": inside_quotes(json.dumps({"said": SHORTLY})),
            "ORDERS_SAID": inside_quotes(json.dumps({"said": ORDERS_SHORTLY})),
        }


def front_conf(trusted: Sequence[str]) -> str:
    """Whoever ends TLS in front is believed; else all visitors would be one, who soon has tried too often."""
    lines = [f"set_real_ip_from {ip_network(each)};" for each in trusted]
    return "\n".join([*lines, "real_ip_header X-Forwarded-For;", "real_ip_recursive on;", ""]) if lines else ""


def servers(clones: Sequence[str]) -> list[str]:
    """Each twice: once to be left alone while it fails, and once for the time in which all of them are. One may be
    back already, and nobody else can tell."""
    asked = [f"server {clone} {FAILING};" for clone in clones]
    return [*asked, *(f"server {clone} max_fails=0 backup;" for clone in clones)] or [NOBODY]


def guarding_headers(scheme: str) -> Mapping[str, str]:
    """The security headers of a page that the shop itself sends: from the middleware that adds them there."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "HTTP_HOST": "localhost",
        "HTTP_X_FORWARDED_PROTO": scheme,
        "wsgi.url_scheme": scheme,
        "wsgi.input": BytesIO(),
    }
    request, response = WSGIRequest(environ), HttpResponse()
    before = set(response.headers)
    for guard in reversed([name for name in settings.MIDDLEWARE if name in GUARDS]):
        response = import_string(guard)(no_view).process_response(request, response)
    return {name: value for name, value in response.items() if name not in before}


def no_view(request: WSGIRequest) -> HttpResponse:
    """What stands behind the middleware here."""
    return HttpResponse()


def headers_conf(headers: Mapping[str, str]) -> str:
    lines = [f'add_header {name} "{inside_quotes(value)}" always;' for name, value in headers.items()]
    return "\n".join([*lines, ""])


def inside_quotes(value: object) -> str:
    """As nginx reads it between two quotes. A dollar cannot be written there: it would begin a name."""
    text = str(value)
    if "$" in text or "\n" in text:
        raise ValueError(f"nginx cannot be told {text!r}: there is a dollar or the end of a line in it.")
    return text.replace("\\", "\\\\").replace('"', '\\"')
