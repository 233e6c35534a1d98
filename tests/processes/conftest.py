"""Fixtures for tests with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.helpers import Start, Started


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[Start]:
    """Makes supervised processes, and ends them with the test."""
    made: list[Started] = []

    def make(run: str, **description: Any) -> Started:
        made.append(Started(run, tmp_path / "logs" / f"{len(made)}.log", **description))
        return made[-1]

    yield make
    await asyncio.gather(*(started.process.stop(0) for started in made))
