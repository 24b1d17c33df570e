"""Published pages bear the headers that the shop's own pages do, whatever the settings say."""

import pytest
from django.urls import reverse

from shop.nginx import Nginx
from shop.nginx_files import guarding_headers, headers_conf

from ..factories import make_product
from .standin import FOLDERS

OF_A_FILE = {"ETag", "Last-Modified", "Content-Encoding", "Transfer-Encoding", "Content-Length"}
OF_AN_ANSWER = {"Date", "Connection", "Server", "Cache-Control", "Vary", "X-Request-ID"}
OF_XRAY = {"X-Clone", "X-Release", "Server-Timing"}


@pytest.fixture
def shop(house, live_server, tmp_path):
    """The real shop as the only clone, behind a proxy of its own."""
    folders = [house.folder / name for name in FOLDERS]
    house.proxy, old = Nginx(tmp_path / "proxy", (live_server.url.removeprefix("http://"),), *folders), house.proxy
    try:
        house.proxy.start()
        yield house
    finally:
        house.proxy.stop()
        house.proxy = old


@pytest.mark.django_db(transaction=True)
def test_a_published_page_has_every_header_of_the_live_one(shop):
    make_product()
    path = reverse("shelves")
    live = shop.ask(path)
    assert live.status == 200
    shop.publish("shelves/index.html", live.text)
    page = shop.ask(path)
    assert page.text == live.text
    assert page.headers["ETag"]
    assert guards(page) == guards(live)
    assert len(page.headers["X-Request-ID"]) == 32
    assert page.headers["X-Request-ID"] != shop.ask(path).headers["X-Request-ID"]
    assert {"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} <= dict(guards(page)).keys()


def guards(answer) -> list[tuple[str, str]]:
    others = OF_A_FILE | OF_AN_ANSWER | OF_XRAY
    return sorted((name, value) for name, value in answer.headers.items() if name not in others)


def test_a_page_over_https_has_what_the_settings_ask_for(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_SSL_REDIRECT = True
    assert guarding_headers("https")["Strict-Transport-Security"] == "max-age=3600"
    assert "Strict-Transport-Security" not in guarding_headers("http")


def test_another_middleware_is_another_header(settings):
    assert guarding_headers("http")["X-Frame-Options"] == settings.X_FRAME_OPTIONS
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("XFrameOptionsMiddleware")]
    assert "X-Frame-Options" not in guarding_headers("http")


def test_a_header_is_quoted():
    assert headers_conf({"A": 'say "crust"; \\'}) == 'add_header A "say \\"crust\\"; \\\\" always;\n'
    with pytest.raises(ValueError, match="dollar"):
        headers_conf({"A": "$5"})
