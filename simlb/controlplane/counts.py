"""Numbers of things as people read them."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`1 target`, `3 targets`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
