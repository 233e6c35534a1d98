"""Lets a clock that is moved by hand wait for what comes from outside: a target's answer, a connection, more of a body.

`ManualClock.advance` goes on when every piece of work has its outcome. Between two points of load-balancer time that a
fault has set (the end of a delay, the answer behind it) something real has to happen; this makes `advance` wait for it,
but not for ever.
"""

from __future__ import annotations

import asyncio

from simlb.clock import Clock

PATIENCE_S = 0.25
"""For so many real seconds; a target that is silent then is left to its own, later deadline."""


class Awaited:
    """One outcome that is waited for, over and over. Costs a timer of the loop; other clocks take no notice."""

    __slots__ = ("_clock", "_handle")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None

    def expect(self) -> None:
        """From now on something from outside is due. Harmless when repeated."""
        if self._handle is None:
            self._clock.work_began()
            self._handle = asyncio.get_running_loop().call_later(PATIENCE_S, self.settle)

    def settle(self) -> None:
        """It has come, or nobody waits any more. Harmless when repeated."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._clock.work_ended()
