"""A visitor without a browser: keeps cookies, follows redirects, fills in forms. Standard library alone."""

import http.client
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

TIMEOUT_SECONDS = 60
MOST_REDIRECTS = 5
IDLE_SECONDS = 1
PRESSED = {"submit", "button", "image", "reset", "file"}


@dataclass
class Form:
    """A form as it was found: what a browser would send if nothing was changed."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, changes: dict[str, object]) -> list[tuple[str, str]]:
        kept = [pair for pair in self.fields if pair[0] not in changes]
        return kept + [(name, str(value)) for name, value in changes.items()]


@dataclass
class Page:
    status: int
    url: str
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def read(self) -> "Reader":
        reader = Reader()
        reader.feed(self.text)
        return reader

    def form(self, *names: str) -> Form:
        """The first form that has all of these fields."""
        for form in self.read.forms:
            if form.names >= set(names):
                return form
        raise LookupError(f"{self.url} ({self.status}) has no form with {names}")

    def link(self, part: str) -> str:
        """Where the first link leads whose address holds `part`."""
        for link in self.read.links:
            if part in link:
                return urljoin(self.url, link)
        raise LookupError(f"{self.url} ({self.status}) has no link with {part!r}")


class Reader(HTMLParser):
    """The links and forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select = ""
        self.area = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        elif tag == "form":
            self.form = Form(known.get("action", ""), known.get("method", "get").lower())
            self.forms.append(self.form)
        elif self.form and "disabled" not in known:
            self._control(tag, known)

    def _control(self, tag: str, known: dict[str, str]) -> None:
        name, value = known.get("name", ""), known.get("value", "")
        if tag == "select":
            self.select = name
        elif tag == "textarea":
            self.area = name
            self._add(name, "", is_sent=True)
        elif tag == "option" and self.select:
            self._add(self.select, value, is_sent="selected" in known)
        elif tag == "input" and name:
            self._input(known.get("type", "text"), name, value, "checked" in known)
        elif tag == "button" and name:
            self._add(name, value, is_sent=False)

    def _input(self, kind: str, name: str, value: str, is_checked: bool) -> None:
        if kind in ("checkbox", "radio"):
            self._add(name, value or "on", is_sent=is_checked)
        else:
            self._add(name, value, is_sent=kind not in PRESSED)

    def _add(self, name: str, value: str, *, is_sent: bool) -> None:
        self.form.names.add(name)
        self.form.choices.setdefault(name, []).append(value)
        if is_sent:
            self.form.fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self.area and self.form:
            name, value = self.form.fields.pop()
            # A browser leaves out the line break that directly follows the tag.
            self.form.fields.append((name, value + data if value else data.removeprefix("\n")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""


class Visitor:
    """Somebody at `base`, such as http://127.0.0.1:8000. One connection, kept alive; not for use by two threads."""

    def __init__(self, base: str, cookies: dict[str, str] | None = None, *, home: str = "") -> None:
        """`home` is the address that they come from, such as 127.0.0.7: limits are counted for each."""
        self.base = base
        self.cookies = dict(cookies or {})
        self.home = home
        self._http = self._connection(urlsplit(base).netloc)
        self._asked_at = time.monotonic()

    def _connection(self, place: str) -> http.client.HTTPConnection:
        source = (self.home, 0) if self.home else None
        return http.client.HTTPConnection(place, timeout=TIMEOUT_SECONDS, source_address=source)

    def get(self, url: str) -> Page:
        return self.ask("GET", url)

    def post(self, url: str, fields: object, *, follow: bool = True) -> Page:
        return self.ask("POST", url, fields, follow=follow)

    def send(self, page: Page, *names: str, follow: bool = True, **changes: object) -> Page:
        """Fill in the form of `page` that has the fields `names` and those that are changed, and send it."""
        form = page.form(*names, *changes)
        url, fields = urljoin(page.url, form.action), form.filled(changes)
        if form.method == "get":
            return self.get(f"{url}?{urlencode(fields)}")
        return self.post(url, fields, follow=follow)

    def ask(self, method: str, url: str, fields: object = (), *, follow: bool = True) -> Page:
        for _ in range(MOST_REDIRECTS):
            page = self._ask(method, urljoin(self.base, url), fields)
            if not (follow and page.status in (301, 302, 303) and "Location" in page.headers):
                return page
            method, url, fields = "GET", urljoin(page.url, page.headers["Location"]), ()
        raise LookupError(f"{url} redirects in a circle")

    def _ask(self, method: str, url: str, fields: object) -> Page:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        parts = urlsplit(url)
        body = urlencode(fields) if method == "POST" else None
        response = self._answer(method, f"{parts.path}?{parts.query}".rstrip("?"), body, headers)
        page = Page(response.status, url, response.headers, response.read())
        self._remember(response.headers.get_all("Set-Cookie") or [])
        return page

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        if time.monotonic() - self._asked_at > IDLE_SECONDS:
            self._http.close()  # the server is about to, or has
        self._asked_at = time.monotonic()
        self._http.request(method, path, body, headers)
        return self._http.getresponse()

    def _remember(self, lines: list[str]) -> None:
        for line in lines:
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0" or not cookie.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value
