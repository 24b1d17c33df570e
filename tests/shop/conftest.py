"""Chromium, for tests of what only a browser can tell."""

import pytest
from playwright.sync_api import expect, sync_playwright

from bench.screenshots import OPTIONS
from tests.factories import make_follow, make_product, make_review, make_user, steve
from tests.servers import PATIENCE_SECONDS, need

from .people import visitor

PATIENCE_MS = 1000 * PATIENCE_SECONDS


@pytest.fixture(scope="module")
def browser():
    path = need("chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs a loop in the thread of the tests
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def new_context(browser):
    """new_context(**options): a browser of its own that waits for what must come; closed at the end."""
    contexts = []

    def new_context(**options):
        contexts.append(browser.new_context(**options))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        return contexts[-1]

    yield new_context
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_context, live_server):
    """A page at the shop's address. The test fails when the page complained about anything on the way."""
    context = new_context(base_url=live_server.url, reduced_motion="reduce")
    complaints = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def friends_page(page, live_server):
    """`page` for Steve, who follows Maya, who has liked something, while Jonas asks to follow Steve."""
    maya = make_user("Maya")
    make_follow(steve(), maya)
    make_follow(make_user("Jonas"), steve(), "asked")
    make_review(make_product(), maya, body="I bought two so that one would reach home. Neither did.")
    session = visitor(steve()).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.maya = maya
    return page
