"""The tutorial for AWS's CLI touches nothing that is not simlb's. What its steps come to, it checks itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from simlb.cli.env import SERVICES

SCRIPT = Path(__file__).resolve().parents[1] / "examples" / "tutorial" / "tutorial.sh"
BASH = shutil.which("bash")
HERE = {f"AWS_ENDPOINT_URL_{service}": "http://127.0.0.1:1" for service in SERVICES}

pytestmark = pytest.mark.skipif(BASH is None or os.name == "nt", reason="the tutorial is a bash script")


def run(folder: Path, environment: dict[str, str], account: str) -> tuple[int, str, list[str]]:
    """Status, messages, and what was asked of an `aws` that answers every question with `account`."""
    stub, calls = folder / "aws", folder / "calls"
    stub.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\necho {account}\n')
    stub.chmod(0o755)
    path = f"{folder}:/usr/bin:/bin"
    assert BASH is not None
    done = subprocess.run(
        [BASH, str(SCRIPT)], env={"PATH": path, **environment}, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_to_be_pointed_here(tmp_path: Path, service: str) -> None:
    variable = f"AWS_ENDPOINT_URL_{service}"
    for environment in (
        {key: value for key, value in HERE.items() if key != variable},
        {**HERE, variable: f"https://{service.lower()}.ap-northeast-2.amazonaws.com"},
    ):
        status, told, calls = run(tmp_path, environment, "000000000000")
        assert (status, calls) == (1, [])
        assert f"{variable} is not set to simlb" in told


def test_another_account_is_left_alone(tmp_path: Path) -> None:
    status, told, calls = run(tmp_path, HERE, "123456789012")
    assert (status, len(calls)) == (1, 1)
    assert calls[0].startswith("sts get-caller-identity")
    assert "not '123456789012'" in told


def test_a_profile_is_not_asked(tmp_path: Path) -> None:
    status, told, calls = run(tmp_path, {**HERE, "AWS_PROFILE": "production"}, "000000000000")
    assert (status, calls) == (1, [])
    assert "AWS_PROFILE is set" in told


def test_it_uses_the_services_that_it_looks_at() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    checked = re.search(r"for service in (.*); do", text)
    assert checked is not None
    assert sorted(checked[1].split()) == sorted(SERVICES)
    used = set(re.findall(r"\baws (?:--region \S+ )?([a-z0-9]+) [a-z-]+", text))
    assert used == {"acm", "cloudwatch", "ec2", "elbv2", "route53", "sts"}
