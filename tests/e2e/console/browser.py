"""A page of the console in a real browser, as tests drive it: Debian's chromium, through Playwright."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.e2e.harness import Instance

ROOT = Path(__file__).parents[3]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "build" / "console"
"""Where screenshots are kept: one of each page, in both brightnesses."""
LAPTOP = (1440, 900)
PROJECTOR = (1920, 1080)
PATIENCE_MS = 15_000
_AXE_RUN = "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})).violations"


def address(instance: Instance, path: str = "live") -> str:
    """Where a browser gets the page with the right to change things."""
    finished = instance.workshop.run("console", path, "--print", "--instance", instance.name)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    language: str = "en",
    theme: str = "dark",
    size: tuple[int, int] = LAPTOP,
    reduced_motion: bool = False,
    expected_errors: tuple[str, ...] = (),
) -> Iterator[Page]:
    """A page in a profile of its own. Whatever the page's scripts complain about fails the test, as does any request
    that would leave this machine; `expected_errors` are parts of complaints that are meant to come.
    """
    host = url.split("/")[2]
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale="ko-KR" if language == "ko" else "en-US",
        color_scheme="light" if theme == "light" else "dark",
        reduced_motion="reduce" if reduced_motion else "no-preference",
    )
    complaints: list[str] = []
    elsewhere: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in expected_errors):
            complaints.append(f"{message.type}: {message.text}")

    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"thrown: {error}"))
        page.on("request", lambda asked: None if asked.url.split("/")[2] == host else elsewhere.append(asked.url))
        page.goto(url)
        yield page
    finally:
        context.close()
    assert not complaints, complaints
    assert not elsewhere, elsewhere


def violations(page: Page) -> list[str]:
    """What axe finds that WCAG 2.1 A and AA forbid: rule, help, and the first places."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(_AXE_RUN)
    return [f"{one['id']}: {one['help']} {json.dumps([node['target'] for node in one['nodes'][:4]])}" for one in found]


def smallest_text_px(page: Page) -> float:
    """The size of the smallest text that the page shows."""
    return float(
        page.evaluate(
            """() => {
              let smallest = Infinity;
              const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
                const parent = node.parentElement;
                if (node.textContent.trim() === '' || parent === null || !parent.checkVisibility()) continue;
                smallest = Math.min(smallest, parseFloat(getComputedStyle(parent).fontSize));
              }
              return smallest;
            }"""
        )
    )


def picture(page: Page, name: str) -> None:
    """Keep a screenshot, to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")
