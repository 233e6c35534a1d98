"""The Live page in a real browser: what a class sees when a target dies, and who is said to have made the 502."""

from __future__ import annotations

import json
import re
import socket

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.console.browser import PATIENCE_MS, PROJECTOR, address, opened, picture, smallest_text_px, violations
from tests.e2e.harness import Instance, Workshop, wait_until

CONFIG = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}
      - {protocol: HTTP, port: 81, bind: "127.0.0.1:0", fixed_response: {status_code: 404}}
target_groups:
  - name: web
    health_check: {path: /health, healthy_threshold_count: 2}
    targets: [{sample: echo}, {sample: echo}, {sample: echo}]
"""
expect.set_options(timeout=PATIENCE_MS)
HOSTILE = "/<img/src=x/onerror=alert(1)>"
HOSTILE_HOST = "<b>shop</b>.test"


@pytest.fixture(scope="module")
def instance(workshop: Workshop) -> Instance:
    made = workshop.serve(CONFIG, "--speed", "10")
    made.wait_healthy()
    return made


DOTS = """() => {
  const canvas = document.querySelector('.live-map-dots');
  if (!canvas || canvas.width === 0) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
}"""
"""Whether anything is drawn between the tiles."""


def _send(instance: Instance, port: int, path: str, host: str) -> None:
    with socket.create_connection(("127.0.0.1", instance.listener(port).published_port), 5) as sock:
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Evil: <script>1</script>\r\nConnection: close\r\n\r\n".encode()
        )
        while sock.recv(65536):
            pass


def test_a_target_dies_and_comes_back(browser: Browser, instance: Instance) -> None:
    with opened(browser, address(instance)) as page:
        tiles, say = page.locator(".live-target"), page.locator(".live-say")
        expect(tiles).to_have_count(3)
        expect(tiles.locator(".live-state")).to_have_text(["healthy"] * 3)
        page.get_by_role("button", name="Start traffic").click()
        expect(page.get_by_role("button", name="Stop traffic")).to_be_visible()
        wait_until(lambda: page.evaluate(DOTS), "there are dots")
        expect(say).to_contain_text(re.compile(r"3 healthy targets share \d+ requests a second"))

        page.keyboard.press("3")
        panel = page.get_by_role("complementary", name="Details")
        expect(panel).to_contain_text("Target i-03")
        panel.get_by_role("button", name="Kill").click()
        expect(say).to_contain_text(
            re.compile(r"i-03 was killed\. \d+ % of all requests get 502 - made by the load balancer")
        )
        expect(say).to_contain_text(re.compile(r"It leaves after 2 failed health checks: [012]/2, next in \d+ s"))
        panel.get_by_role("button", name="Try it now").click()
        expect(panel).to_contain_text("It cannot be reached by itself either: connection refused.")
        picture(page, "live-killed-en-dark")
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(say).to_contain_text(re.compile(r"i-03 is dead and out.*answered \d+ × 502 itself", re.DOTALL))
        expect(tiles.nth(2).locator(".live-state")).to_have_text("unhealthy")

        page.keyboard.press("/")
        page.get_by_role("searchbox").fill("elb=502 target=i-03")
        rows = page.locator(".live-log-table tbody tr")
        expect(rows.first).to_contain_text("load balancer: connection refused")
        assert all("502" in text and "i-03" in text for text in rows.all_inner_texts())
        rows.first.get_by_role("button").click()
        expect(panel).to_contain_text("502 Bad Gateway, from the load balancer itself: connection refused.")
        expect(panel).to_contain_text("made by: load balancer")
        assert violations(page) == []
        panel.get_by_role("button", name="Send it again").click()
        expect(page.locator(".toast").last).to_contain_text("Sent again: 200")
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(say).to_contain_text("i-03 answers its health checks again")
        page.get_by_role("button", name="Stop traffic").click()


def test_a_fault_is_installed_and_undone(browser: Browser, instance: Instance) -> None:
    with opened(browser, address(instance)) as page:
        page.locator(".live-target").first.click()
        panel = page.get_by_role("complementary", name="Details")
        panel.get_by_text("Install a fault").click()
        panel.get_by_label("What fails").select_option("link.latency")
        panel.get_by_role("textbox", name=re.compile("^delay")).fill("300ms")
        panel.get_by_role("button", name="Install on i-01").click()
        expect(page.locator(".toast").last).to_contain_text("link.latency delay=300ms")
        expect(page.locator(".live-target").first).to_contain_text("link.latency")
        expect(page.locator(".live-say")).to_contain_text("A fault is installed on i-01")
        panel.get_by_role("button", name="Undo").click()
        expect(panel).to_contain_text("None is installed.")
        expect(page.locator(".live-target").first).not_to_contain_text("link.latency")


def test_what_clients_send_is_text(browser: Browser, instance: Instance) -> None:
    _send(instance, 81, HOSTILE, "shop.test")
    _send(instance, 81, "/other", HOSTILE_HOST)
    with opened(browser, address(instance)) as page:
        # In the history of the stream; the metrics of the seconds before are there as well.
        row = page.locator(".live-log-table tbody tr", has_text=HOSTILE).first
        expect(row).to_contain_text("404")
        row.get_by_role("button").click()
        panel = page.get_by_role("complementary", name="Details")
        expect(panel).to_contain_text("from the load balancer itself")
        expect(panel).to_contain_text("onerror")
        page.get_by_role("searchbox").fill("path=/other")
        page.locator(".live-log-table tbody tr").first.get_by_role("button").click()
        expect(panel).to_contain_text("400 Bad Request")
        assert page.locator("main img, main script, main b:has-text('shop')").count() == 0


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ko", "dark"), ("ko", "light")])
def test_both_languages_and_themes(browser: Browser, instance: Instance, language: str, theme: str) -> None:
    with opened(browser, address(instance), language=language, theme=theme, size=PROJECTOR) as page:
        expect(page.locator(".live-target")).to_have_count(3)
        expect(page.locator(".live-say-line")).to_contain_text("정상 대상" if language == "ko" else "healthy")
        page.keyboard.press("?")
        expect(page.get_by_role("complementary")).to_contain_text("Esc")
        assert smallest_text_px(page) >= 18
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        picture(page, f"live-{language}-{theme}")


WIDE_LINES = "[...document.querySelectorAll('.live-line-busy')].some((one) => one.getAttribute('stroke-width') > 4)"


def test_without_motion_lines_tell_the_rate(browser: Browser, instance: Instance) -> None:
    load = instance.workshop.run("load", "start", "--rate", "3/s", "--requests", "300", "--port", "80", "--json")
    assert load.returncode == 0, load.stderr
    with opened(browser, address(instance), reduced_motion=True) as page:
        expect(page.locator(".live-line-label").first).to_have_text(re.compile(r"^\d+(\.\d)?$"))
        # With motion no line is wider than 3. Polled from here: the page's policy forbids scripts that poll in it.
        wait_until(lambda: page.evaluate(WIDE_LINES), "a line is wide")
        assert not page.evaluate(DOTS)
    stopped = instance.workshop.run("load", "stop", json.loads(load.stdout)["id"])
    assert stopped.returncode == 0, stopped.stderr
