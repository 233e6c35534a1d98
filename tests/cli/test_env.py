"""`simlb env`: what a shell is told to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simlb.cli.env import SERVICES, UNSET
from tests.cli.conftest import Run, Running


def expected(running: Running) -> dict[str, str]:
    endpoint = f"http://127.0.0.1:{running.record.control_port}"
    return {
        **{f"AWS_ENDPOINT_URL_{service}": endpoint for service in SERVICES},
        "AWS_ACCESS_KEY_ID": "simlb",
        "AWS_SECRET_ACCESS_KEY": "simlb",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_REGION": "ap-northeast-2",
    }


def test_json(run: Run, running: Running) -> None:
    status, out, err = run("env", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {"set": expected(running), "unset": list(UNSET)}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
@pytest.mark.parametrize("quoted", ['"$(cat {})"', "$(cat {})"])
def test_a_shell_carries_it_out(run: Run, running: Running, tmp_path: Path, quoted: str) -> None:
    _, out, _ = run("env")
    script = tmp_path / "env.sh"
    script.write_text(out)
    environment = {"PATH": os.environ["PATH"]} | dict.fromkeys(UNSET, "mine") | {"AWS_REGION": "eu-west-1"}
    seen = subprocess.run(
        ["sh", "-c", f"eval {quoted.replace('{}', str(script))}; env"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.partition("=")[::2] for line in seen.stdout.splitlines() if line.startswith("AWS_"))
    assert found == expected(running)


@pytest.mark.parametrize(
    ("shell", "first", "last"),
    [
        ("fish", "set -gx {}{} http://127.0.0.1:{};", "set -e AWS_USE_DUALSTACK_ENDPOINT;"),
        (
            "powershell",
            "$env:{}{} = 'http://127.0.0.1:{}'",
            "Remove-Item Env:AWS_USE_DUALSTACK_ENDPOINT -ErrorAction SilentlyContinue",
        ),
        ("cmd", 'set "{}{}=http://127.0.0.1:{}"', 'set "AWS_USE_DUALSTACK_ENDPOINT="'),
    ],
)
def test_other_shells(run: Run, running: Running, shell: str, first: str, last: str) -> None:
    status, out, _ = run("env", "--shell", shell)
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == first.format("AWS_ENDPOINT_URL_", "ELASTIC_LOAD_BALANCING_V2", running.record.control_port)
    assert lines[-1] == last
    assert len(lines) == 4 + len(SERVICES) + len(UNSET)


def test_nothing_runs(run: Run) -> None:
    status, out, err = run("env")
    assert (status, out) == (2, "")
    assert err.startswith("SIMLB-E602")


def test_an_unknown_shell(run: Run) -> None:
    status, _, err = run("env", "--shell", "tcsh")
    assert status == 2
    assert "'tcsh' is none of: sh, fish, powershell, cmd" in err
