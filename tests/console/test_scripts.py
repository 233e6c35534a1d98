"""The scripts of the page, as far as they need no page: node's own test runner runs tests/console_js."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_scripts() -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is missing, and CI must not go without it")
        pytest.skip("node is missing: nobody has checked what the page's scripts decide")
    files = sorted(map(str, (ROOT / "tests" / "console_js").glob("*.test.mjs")))
    assert files
    finished = subprocess.run(
        [node, "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout[-6000:]
