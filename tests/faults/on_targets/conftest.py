"""Faults on targets are tested like the data plane: with real sockets, on both event loops."""

from __future__ import annotations

from tests.dataplane.conftest import pytest_asyncio_loop_factories, rig

__all__ = ["pytest_asyncio_loop_factories", "rig"]
