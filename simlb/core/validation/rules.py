"""Priorities of rules (reference 1.3)."""

from __future__ import annotations

from collections.abc import Container, Iterator

from simlb.core.validation.errors import ElbError, range_errors

PRIORITY_MAX = 50000


def priority_errors(priority: int, taken: Container[int]) -> Iterator[ElbError]:
    """A priority beside those that other rules of the listener have taken."""
    yield from range_errors("priority", priority, 1, PRIORITY_MAX, "priority")
    if priority in taken:
        yield ElbError("PriorityInUse", "The specified priority is in use.", "priority")
