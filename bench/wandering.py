"""Visitors who meet one clone after the other, and know whom."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from .visitor import Visitor


class Wandering(Visitor):
    """`places` are the clones' own addresses ("host:port") by their names. Each is asked in turn as the proxy at
    `base` would ask, but for those that are `absent` at the moment; `last` is who was asked last."""

    def __init__(self, base: str, places: Mapping[str, str], home: str) -> None:
        super().__init__(base, home=home)
        self.places = dict(places)
        self.absent: set[str] = set()
        self.last = ""

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        self.last = self._next()
        connection = self._connection(self.places[self.last])
        connection.request(method, path, body, headers | self._said_by_the_proxy())
        return connection.getresponse()

    def _next(self) -> str:
        names = list(self.places)
        after = names.index(self.last) + 1 if self.last else 0
        return next(name for name in names[after:] + names[:after] if name not in self.absent)

    def _said_by_the_proxy(self) -> dict[str, str]:
        parts = urlsplit(self.base)
        return {
            "Host": parts.netloc,
            "X-Forwarded-For": self.home,
            "X-Forwarded-Proto": parts.scheme,
            "X-Forwarded-Host": parts.netloc,
        }


class Proxied(Visitor):
    """The same through the proxy, which chooses: `last` is the clone that has answered last."""

    last = ""

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        response = super()._answer(method, path, body, headers)
        self.last = response.headers.get("X-Clone", "")
        return response
