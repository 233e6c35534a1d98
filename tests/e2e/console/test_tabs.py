"""Many tabs of one browser, and an instance that goes and comes back."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.configs import web
from tests.e2e.console.browser import PATIENCE_MS, address, opened
from tests.e2e.harness import Instance, Workshop

expect.set_options(timeout=PATIENCE_MS)
TABS = 9
"""More than the six connections that a browser opens to one place."""

HEARS_A_PULSE = """async () => {
  const { events } = await import('/console/js/stream.js');
  return new Promise((resolve) => events.on('pulse', () => resolve(true)));
}"""


@pytest.fixture(scope="module")
def instance(workshop: Workshop) -> Instance:
    return workshop.serve(web("sample: echo", "sample: echo"), "--speed", "10")


def _follows(page: Page) -> None:
    """It knows how the instance does, and hears of what happens."""
    expect(page.locator(".frame-notice")).to_be_hidden()
    expect(page.locator(".frame-figure b").first).to_have_text("0.0")


def test_nine_tabs_share_one_stream(browser: Browser, instance: Instance) -> None:
    with opened(browser, address(instance)) as first:
        _follows(first)
        asked: list[str] = []
        first.context.on("request", lambda request: asked.append(request.url))
        tabs = [first.context.new_page() for _ in range(TABS - 1)]
        for tab in tabs:
            tab.goto(first.url.partition("#")[0] + "#/scenarios")
        for tab in tabs:
            _follows(tab)
        assert not [url for url in asked if "/api/v1/events" in url]
        # The one that follows the stream goes: another goes on, from where that one was.
        first.close()
        assert all(tab.evaluate(HEARS_A_PULSE) for tab in tabs)
        followed = [url for url in asked if "/api/v1/events" in url]
        assert len(followed) == 1
        assert "after=" in followed[0]


def test_an_instance_that_was_killed_and_started_again(
    browser: Browser, workshop: Workshop, instance: Instance
) -> None:
    lost = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
    with opened(browser, address(instance), expected_errors=(*lost, "401")) as page:
        _follows(page)
        expect(page.locator(".live-target")).to_have_count(2)
        port = int(instance.view().control.rpartition(":")[2])
        os.kill(instance.pid, signal.SIGKILL)
        instance.process.wait()
        expect(page.locator(".frame-notice")).to_be_visible()
        again = workshop.launch("up", "--speed", "10", instance=instance.name, control_port=port)
        again.wait_ready()
        _follows(page)
        expect(page.locator(".live-target")).to_have_count(2)
        # The token was the other one's: looking goes on, changing says what to do.
        page.keyboard.press("k")
        expect(page.locator(".toast-bad")).to_contain_text("simlb console")
