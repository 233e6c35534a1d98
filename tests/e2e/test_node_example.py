"""The Node example of docs/json-api.md, run as its readers would: with Node's own test runner."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.harness import Workshop

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "node"
NEEDED = 20


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node. Where it is missing the test is skipped, except under CI."""
    path = shutil.which("node")
    version = 0
    if path is not None:
        said = subprocess.run([path, "--version"], capture_output=True, encoding="utf-8", check=True).stdout
        version = int(said.removeprefix("v").partition(".")[0])
    if path is None or version < NEEDED:
        found = "is missing" if path is None else f"is version {version}"
        if os.environ.get("CI"):
            pytest.fail(f"node {found}, and CI must not go without version {NEEDED}")
        pytest.skip(f"node {found}: nobody has checked that simlb works with Node {NEEDED}")
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="puts a shell script on the PATH")
def test_the_node_example_passes_and_leaves_nothing(simlb: Workshop, node: str) -> None:
    programs, temporary = simlb.folder / "bin", simlb.folder / "temporary"
    programs.mkdir()
    temporary.mkdir()
    command = programs / "simlb"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m simlb "$@"\n')
    command.chmod(0o755)
    environment = simlb.environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(EXAMPLE.parents[1]), os.environ.get("PYTHONPATH")))),
        "TMPDIR": str(temporary),
    }
    ended = subprocess.run(
        [node, "--test", str(EXAMPLE)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "# pass 1" in ended.stdout
    assert list(temporary.iterdir()) == []
