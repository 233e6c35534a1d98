"""The configuration becomes unreadable or wrong while simlb runs: it says so once and serves what it had."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.client import Traffic
from tests.e2e.harness import Workshop, wait_until
from tests.survival.measure import every_kind

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="needs Linux")


def _forbid(path: Path) -> None:
    path.chmod(0)


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _point_at_itself(path: Path) -> None:
    # What cannot be opened even by the administrator.
    path.unlink()
    path.symlink_to(path)


def _leave_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone.yaml"))


def _make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _write_noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


BREAKAGES: tuple[tuple[Callable[[Path], None], str], ...] = (
    (_make_folder, "E504"),
    (_point_at_itself, "E504"),
    (_leave_nothing, "E504"),
    (_make_pipe, "E504"),
    (_write_noise, "E504"),
    (_cut_in_half, "E5"),
)


def _mend(path: Path, text: str) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_text(text)


def test_an_unreadable_configuration_changes_nothing(simlb: Workshop) -> None:
    text = every_kind("sample: echo")
    instance = simlb.serve(text)
    instance.wait_healthy()
    path = simlb.here / "simlb.yaml"
    with Traffic(instance.client()) as traffic:
        for break_it, code in BREAKAGES:
            break_it(path)
            finished = simlb.run("reload")
            assert finished.returncode == 2, break_it.__name__
            assert f"SIMLB-{code}" in finished.stderr, (break_it.__name__, finished.stderr)
            assert "Traceback" not in finished.stderr
            seen = len(traffic.outcomes)
            wait_until(lambda seen=seen: len(traffic.outcomes) > seen + 3, "traffic goes on")  # type: ignore[misc]
            _mend(path, text)
            assert simlb.run("reload").returncode == 0
    assert not traffic.problems
    assert "Traceback" not in instance.output


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_configuration_changes_nothing(simlb: Workshop) -> None:
    instance = simlb.serve(every_kind("sample: echo"))
    instance.wait_healthy()
    _forbid(simlb.here / "simlb.yaml")
    finished = simlb.run("reload")
    assert (finished.returncode, "SIMLB-E504" in finished.stderr) == (2, True)
    assert instance.client().get("/").status == 200
