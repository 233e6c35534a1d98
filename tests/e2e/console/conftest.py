"""A browser for the tests of the console. Where it is missing they are skipped, except under CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop

ROOT = Path(__file__).parents[3]


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must not go without it")
    pytest.skip(f"{what} is missing: nobody has checked that the console works (make test installs it where it can)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window. It goes with the file: while it is there, an event loop runs in this thread."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        _missing("chromium")
    if not (ROOT / "node_modules" / "axe-core").is_dir():
        _missing("axe-core of npm")
    # A sandbox needs rights that root in a container does not have.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A state folder for all tests of a file; at the end everything in it must be gone."""
    yield from opened(tmp_path_factory.mktemp("console"))
