"""`simlb top`: what it does where it cannot draw, and what it says to wrong arguments. Pictures: tests/cli/top."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, Running


@pytest.mark.parametrize("forced", ["", "1"])
def test_no_terminal(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch, forced: str) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    status, out, err = run("top")
    assert (status, out) == (2, "")
    assert err.startswith("SIMLB-E775  simlb top needs a terminal")
    assert "simlb top --once" in err


def test_no_instance(run: Run) -> None:
    for arguments in (("top",), ("top", "--once"), ("events",)):
        status, _, err = run(*arguments)
        assert status == 2
        assert err.startswith("SIMLB-E602")


@pytest.mark.parametrize("interval", ["1", "0s", "249ms", "61s", "x", ""])
def test_intervals(run: Run, interval: str) -> None:
    status, _, err = run("top", "--once", "--interval", interval)
    assert status == 2
    assert "--interval" in err
