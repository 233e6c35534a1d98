"""Every end-to-end test gets a state folder of its own, and leaves no process, port or socket behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.harness import Workshop, wait_until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts real processes, and takes its time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.slow)


LEFT_S = 8.0
"""How long processes may take to end with their simlb: a second of grace, and a busy machine."""


@pytest.fixture
def simlb(tmp_path: Path) -> Iterator[Workshop]:
    """Runs simlb; at the end everything it started must be gone."""
    yield from opened(tmp_path)


def opened(folder: Path) -> Iterator[Workshop]:
    """A workshop, closed and checked afterwards."""
    workshop = Workshop(folder)
    try:
        yield workshop
        sockets = processes.listening(processes.marked(workshop.mark)) if processes.HAS_PROC else set()
    finally:
        workshop.close()
    if processes.HAS_PROC:
        try:
            wait_until(lambda: not processes.marked(workshop.mark), lambda: f"all ended: {_left(workshop)}", LEFT_S)
        finally:
            for pid in processes.marked(workshop.mark):  # a failed test must not spoil the next
                os.kill(pid, signal.SIGKILL)
        left = sockets & set(processes.all_listening())
        assert not left, f"sockets that still listen: {left}"


def _left(workshop: Workshop) -> list[str]:
    return [f"{pid}: {processes.command_line(pid)}" for pid in processes.marked(workshop.mark)]


@pytest.fixture(scope="session")
def curl() -> str:
    """The path of curl. Where it is missing the test is skipped, except under CI."""
    path = shutil.which("curl")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("curl is missing, and CI must not go without it")
        pytest.skip("curl is not installed: nobody has checked that simlb works with it")
    return path
