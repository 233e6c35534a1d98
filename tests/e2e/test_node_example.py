"""The Node examples of docs/json-api.md and docs/aws-api.md, run as readers would: with Node's own test runner."""

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
SDK_EXAMPLE = EXAMPLE.with_name("node-aws-sdk")
NEEDED = 20
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "node_extra_ca_certs")
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="puts a shell script on the PATH")


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


@pytest.fixture
def environment(simlb: Workshop) -> dict[str, str]:
    """That of the examples: with `simlb` on the PATH, and a folder for what is temporary."""
    programs, temporary = simlb.folder / "bin", simlb.folder / "temporary"
    programs.mkdir()
    temporary.mkdir()
    command = programs / "simlb"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m simlb "$@"\n')
    command.chmod(0o755)
    return simlb.environment | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(EXAMPLE.parents[1]), os.environ.get("PYTHONPATH")))),
        "TMPDIR": str(temporary),
    }


def run(command: list[str], environment: dict[str, str], folder: Path | None = None) -> str:
    """What a program says that has to succeed."""
    ended = ends(command, environment, folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def ends(
    command: list[str], environment: dict[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """How a program ends, and what it says."""
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@needs_shell
def test_the_node_example_passes_and_leaves_nothing(environment: dict[str, str], node: str) -> None:
    assert "# pass 1" in run([node, "--test", str(EXAMPLE)], environment)
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


@needs_shell
def test_the_sdk_for_javascript_drives_simlb_unchanged(environment: dict[str, str], node: str, tmp_path: Path) -> None:
    """`@aws-sdk/client-elastic-load-balancing-v2`, as docs/aws-api.md has it. npm fetches it in about three seconds."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing: nobody has checked that the SDK for JavaScript works here")
    package = tmp_path / "example"
    shutil.copytree(SDK_EXAMPLE, package)
    outside = {name: value for name, value in os.environ.items() if name.lower() in PROXIES}
    outside["npm_config_cache"] = str(tmp_path / "npm")
    quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    installed = ends([npm, "install", *quietly], environment | outside, package)
    if installed.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail(installed.stderr)
        pytest.skip(f"npm could not fetch the SDK: {installed.stderr[-200:]}")
    said = run([node, "--test", str(package / "simlb.test.mjs")], environment, package)
    assert "# pass 1" in said
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
