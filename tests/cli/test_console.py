"""`simlb console`: opens the page of a running instance, or says where it is."""

from __future__ import annotations

import sys

import pytest

from simlb.cli import browser, console
from simlb.controlplane.client import ControlClient
from tests.cli.conftest import Opener, Run, Running

ADDRESS = "http://127.0.0.1:8089/#code=abc"


@pytest.fixture
def asked(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the command asked the control port for, which answers with an address."""
    found: list[tuple[str, str]] = []

    def ask(_: ControlClient, method: str, path: str) -> dict[str, str]:
        found.append((method, path))
        return {"address": ADDRESS}

    monkeypatch.setattr(ControlClient, "ask", ask)
    return found


def test_it_opens_a_browser_and_says_nothing(
    run: Run, asked: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = Opener()
    monkeypatch.setattr(console, "open_page", opener)
    assert run("console", "learn/6") == (0, "", "")
    assert opener.opened == [f"{ADDRESS}&to=/learn/6"]
    assert asked == [("POST", "/api/v1/console/codes")]


@pytest.mark.usefixtures("asked")
def test_it_prints_where_no_browser_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "open_page", lambda _: False)
    assert run("console") == (0, f"{ADDRESS}\n", "")


@pytest.mark.usefixtures("asked")
def test_it_only_prints_when_told_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "open_page", lambda _: pytest.fail("it opens a browser"))
    assert run("console", "--print", "/live") == (0, f"{ADDRESS}&to=/live\n", "")


def test_without_an_instance_there_is_none(run: Run) -> None:
    status, _, error = run("console")
    assert status == 2
    assert "E602" in error


@pytest.mark.parametrize(
    ("platform", "environment", "can"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_where_a_browser_would_be_seen(
    platform: str, environment: dict[str, str], can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert browser.can_open() is can
