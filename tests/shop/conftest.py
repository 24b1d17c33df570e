"""Chromium, for tests of what only a browser can tell."""

import pytest
from playwright.sync_api import sync_playwright

from bench.screenshots import OPTIONS
from tests.servers import need


@pytest.fixture(scope="module")
def browser():
    path = need("chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs a loop in the thread of the tests
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, live_server):
    """A page at the shop's address. The test fails when the page complained about anything on the way."""
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    complaints = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []
