"""Scenarios in a real browser: one is played, its question answered, all turns green, and it is shown again."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e import processes
from tests.e2e.console.browser import PATIENCE_MS, PROJECTOR, address, opened, picture, smallest_text_px, violations
from tests.e2e.harness import Instance, Workshop, wait_until

expect.set_options(timeout=PATIENCE_MS)
SLOW_MS = 60_000
"""A run at twenty times the speed takes ten seconds, and its servers a few to start on a busy machine."""


@pytest.fixture(scope="module")
def instance(workshop: Workshop) -> Instance:
    return workshop.start("up", "--empty")


def _there(page: Page, path: str) -> None:
    page.evaluate("path => { location.hash = path }", path)


def _start(page: Page, scenario: str) -> None:
    _there(page, f"/scenarios/{scenario}")
    page.get_by_label("Speed").select_option("20")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".scenarios-run")).to_be_visible(timeout=SLOW_MS)


def _player(workshop: Workshop) -> int:
    """The process of the run that goes on."""
    (pid,) = (pid for pid in processes.marked(workshop.mark) if processes.command_line(pid).endswith("simlb.scenario"))
    return pid


def test_a_scenario_is_played_and_shown_again(browser: Browser, instance: Instance) -> None:
    with opened(browser, address(instance, "scenarios")) as page:
        expect(page.locator(".scenarios-card")).to_have_count(13, timeout=SLOW_MS)
        page.get_by_role("button", name="advanced").click()
        expect(page.locator(".scenarios-card")).to_have_count(2)
        page.get_by_role("button", name="all", exact=True).click()
        assert violations(page) == []
        picture(page, "scenarios-en-dark")

        page.get_by_role("link", name="An empty target group").click()
        expect(page.get_by_role("heading", name="An empty target group")).to_be_visible()
        page.get_by_label("Speed").select_option("20")
        expect(page.locator(".scenarios-table").first).to_contain_text("Here, ×20")
        page.get_by_text("The steps (they tell the answers)").click()
        assert violations(page) == []
        picture(page, "scenario-en-dark")
        page.get_by_role("button", name="Play").click()

        quiz = page.locator(".scenarios-quiz")
        expect(quiz).to_be_visible(timeout=SLOW_MS)
        verdicts = page.locator(".scenarios-verdict")
        expect(verdicts).to_have_count(9)
        # While somebody thinks the 503s of the first ten seconds are all there: that one may be decided already.
        assert page.locator(".scenarios-verdict[data-state=open]").count() >= 7
        expect(quiz).not_to_contain_text("right")
        assert violations(page) == []
        picture(page, "run-asks-en-dark")
        page.keyboard.press("2")
        expect(quiz).to_contain_text("Not quite.")
        expect(quiz.locator(".scenarios-choice-right")).to_contain_text("after the first passed health check")

        sentence = page.locator(".scenarios-sentence")
        expect(sentence).to_contain_text(re.compile(r"✔ As expected · 8 of 8"), timeout=SLOW_MS)
        expect(page.locator(".scenarios-verdict[data-state=passed]")).to_have_count(9)
        expect(page.locator(".scenarios-errors h2")).to_contain_text(re.compile(r"Errors \d+"))
        assert violations(page) == []
        picture(page, "run-over-en-dark")

        # Back to the first step, and on from there: everything is as it was then.
        page.locator(".scenarios-step button").first.click()
        expect(sentence).to_contain_text("Include as pending below")
        expect(page.locator(".scenarios-verdict[data-state=passed]")).to_have_count(1)
        slider = page.get_by_label("Moment of the run")
        before = float(slider.input_value())
        page.get_by_label("Pace").select_option("8")
        page.get_by_role("button", name="Replay").click()
        expect(sentence).to_contain_text("As expected", timeout=SLOW_MS)
        assert float(slider.input_value()) > before
        slider.focus()
        page.keyboard.press("Home")
        expect(sentence).not_to_contain_text("As expected")

        with page.expect_popup() as opening:
            page.get_by_role("link", name="Report").click()
        expect(opening.value.locator("h1")).to_contain_text("An empty target group")
        with page.expect_download() as saving:
            page.get_by_role("link", name="Journal").click()
        assert re.fullmatch(r"empty-group-\d{8}-\d{6}-[0-9a-f]{4}\.jsonl", saving.value.suggested_filename)
        assert saving.value.path().read_bytes().startswith(b'{"type":"meta"')


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ko", "dark")])
def test_pages_in_both_languages_and_brightnesses(
    browser: Browser, instance: Instance, language: str, theme: str
) -> None:
    with opened(browser, address(instance, "scenarios"), language=language, theme=theme, size=PROJECTOR) as page:
        expect(page.locator(".scenarios-card")).to_have_count(13)
        assert smallest_text_px(page) >= 18
        assert violations(page) == []
        picture(page, f"scenarios-{language}-{theme}")
        _there(page, "/scenarios/empty-group")
        expect(page.locator(".scenarios-play")).to_be_enabled()
        assert smallest_text_px(page) >= 18
        assert violations(page) == []
        picture(page, f"scenario-{language}-{theme}")
        page.locator(".scenarios-run-link").click()
        expect(page.locator(".scenarios-verdict[data-state=passed]")).to_have_count(9)
        page.locator(".scenarios-step button").nth(2).click()
        page.keyboard.press("Space")
        expect(page.locator(".live-target")).to_have_count(2)
        assert smallest_text_px(page) >= 18
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "a projector shows all of it"
        picture(page, f"run-{language}-{theme}")


def test_a_run_that_is_killed_is_told_on_every_page_and_leaves_nothing(
    browser: Browser, instance: Instance, workshop: Workshop
) -> None:
    with opened(browser, address(instance, "scenarios")) as page:
        _start(page, "closed-gate")
        expect(page.locator(".scenarios-quiz")).to_be_visible(timeout=SLOW_MS)
        # Without the token a browser may look, and everything it sees moves on its own.
        with opened(browser, page.url) as other:
            expect(other.locator(".scenarios-quiz")).to_contain_text("This browser may only look")
            expect(other.locator(".scenarios-choice").first).to_be_disabled()
            pid = _player(workshop)
            started = [one for one in processes.marked(workshop.mark) if processes.parent(one) == pid]
            assert started
            os.kill(pid, signal.SIGKILL)
            for watching in (page, other):
                expect(watching.get_by_role("alert").filter(has_text="SIMLB-E688")).to_be_visible(timeout=SLOW_MS)
                expect(watching.locator(".scenarios-sentence")).to_contain_text("ended by itself")
            wait_until(lambda: not any(map(processes.is_alive, started)), "its servers and clients have ended")
        # What happened until then can be shown, and the next one plays.
        page.get_by_label("Replay").click()
        expect(page.locator(".scenarios-sentence")).not_to_contain_text("ended by itself")
        _start(page, "closed-gate")
        page.get_by_role("button", name="Pause the story").click()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".scenarios-sentence")).to_contain_text("Stopped", timeout=SLOW_MS)


def test_whoever_goes_on_while_the_page_loads_may_play_all_the_same(browser: Browser, instance: Instance) -> None:
    """The code for the token stands in the address that is left."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.route("**/console/words.json", hold)
        page.goto(address(instance, "scenarios"))
        wait_until(lambda: page.evaluate("true") and held, "the words are asked for")
        _there(page, "/scenarios/closed-gate")
        for route in held:
            route.continue_()
        expect(page.locator(".scenarios-play")).to_be_enabled()


def test_a_damaged_journal_is_told_with_its_line(browser: Browser, instance: Instance, workshop: Workshop) -> None:
    folder = workshop.home / "runs" / "default"
    whole = next(folder.glob("empty-group-*.jsonl"))
    damaged = folder / f"{whole.stem[:-4]}0000.jsonl"
    lines = whole.read_bytes().splitlines(keepends=True)
    damaged.write_bytes(b"".join([*lines[:300], b'{"type":"say","at_s"\n', *lines[300:]]))
    with opened(browser, address(instance, "scenarios")) as page:
        expect(page.locator(".scenarios-card")).to_have_count(13)
        _there(page, f"/runs/{damaged.stem}")
        expect(page.get_by_role("alert").filter(has_text="E668")).to_contain_text("line 301")


def test_an_address_that_leads_nowhere_says_so(browser: Browser, instance: Instance) -> None:
    url = address(instance, "scenarios")
    with opened(browser, url, expected_errors=("404",)) as page:
        expect(page.locator(".scenarios-card")).to_have_count(13)
        for path, code in (("/runs/<b>nothing</b>", "E685"), ("/scenarios/..%2Fsecret", "E660")):
            _there(page, path)
            expect(page.get_by_role("alert").filter(has_text=code)).to_be_visible()
        assert violations(page) == []
        page.get_by_role("link", name="All scenarios").click()
        expect(page.locator(".scenarios-card")).to_have_count(13)
