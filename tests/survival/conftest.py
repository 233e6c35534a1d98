"""What goes wrong for real: every test has a folder of its own and leaves nothing behind (see tests/e2e)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataplane.conftest import pytest_asyncio_loop_factories, rig
from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop
from tests.survival.measure import raise_own_limit

__all__ = ["pytest_asyncio_loop_factories", "rig"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing here is quick."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def simlb(tmp_path: Path) -> Iterator[Workshop]:
    """Runs simlb; at the end everything it started must be gone."""
    yield from opened(tmp_path)


@pytest.fixture
def many_descriptors() -> Iterator[int]:
    """This very process may open as many sockets as the system allows, until the test is over; how many."""
    yield from raise_own_limit()
