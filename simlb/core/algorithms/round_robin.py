"""`round_robin`: an even, sequential cycle over the candidates (reference 5.2).

The cursor outlives changes of the candidate list: a target that leaves does not send the cycle back to its start.
It begins at the first target in registration order (reference 11, point 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class RoundRobin:
    """Chooses the candidates one after the other."""

    __slots__ = ("_cursor",)

    def __init__(self) -> None:
        self._cursor = 0

    def choose(self, candidates: Sequence[T]) -> T:
        """The next candidate. `candidates` must not be empty."""
        cursor = self._cursor
        if cursor >= len(candidates):
            cursor = 0
        self._cursor = cursor + 1
        return candidates[cursor]
