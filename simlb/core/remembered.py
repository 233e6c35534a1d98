"""What was once worked out from an immutable object, by its identity: descriptions are large, and mostly stay.

A description that is worked out anew is another object, and so looks like a change to whoever compares by identity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

REMEMBERED_MAX = 1024
LARGE_REMEMBERED_MAX = 8

K = TypeVar("K")
B = TypeVar("B")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A function of one immutable object that forgets everything when it has seen too many."""

    def __init__(self, work_out: Callable[[K], V], at_most: int = REMEMBERED_MAX) -> None:
        """`at_most`: few, where what is remembered is as large as a whole configuration."""
        self._work_out = work_out
        self._at_most = at_most
        self._known: dict[int, tuple[K, V]] = {}

    def __call__(self, of: K) -> V:
        """Worked out now, or before."""
        known = self._known.get(id(of))
        # The object is kept with it, so that its identity stays its own.
        if known is None:
            if len(self._known) >= self._at_most:
                self._known.clear()
            known = self._known[id(of)] = of, self._work_out(of)
        return known[1]


class RememberedBeside(Generic[K, B, V]):
    """A function of one immutable object and of something beside it, that remembers the last result for each object.

    As long as what is beside it is equal, the result is the same object: whoever compares by identity sees that nothing
    has changed.
    """

    def __init__(self, work_out: Callable[[K, B], V], at_most: int = REMEMBERED_MAX) -> None:
        self._work_out = work_out
        self._at_most = at_most
        self._known: dict[int, tuple[K, B, V]] = {}

    def __call__(self, of: K, beside: B) -> V:
        """Worked out now, or before."""
        known = self._known.get(id(of))
        if known is None or (known[1] is not beside and known[1] != beside):
            if len(self._known) >= self._at_most:
                self._known.clear()
            known = self._known[id(of)] = of, beside, self._work_out(of, beside)
        return known[2]
