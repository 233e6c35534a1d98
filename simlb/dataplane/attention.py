"""Who waits for whom on a link: it for the clock, or a clock that is moved by hand for what comes from outside.

`ManualClock.advance` goes on when every piece of work has its outcome. Between two points of load-balancer time that a
fault has set (the end of a delay, the answer behind it) something real has to happen, and `advance` has to wait for it.
A probe is such work for as long as it runs; while a fault keeps it waiting for the clock, it must not be.
"""

from __future__ import annotations

import asyncio

from simlb.clock import Clock

PATIENCE_S = 0.25
"""How many real seconds are waited; a target that is silent then is left to its own, later deadline."""


class Attention:
    """Keeps the clock's book for one link. Costs a timer of the loop; other clocks take no notice."""

    __slots__ = ("_clock", "_handle", "_has_heard", "_is_probe", "_is_resting")

    def __init__(self, clock: Clock, *, is_probe: bool) -> None:
        self._clock = clock
        self._is_probe = is_probe
        self._is_resting = False
        self._has_heard = True
        self._handle: asyncio.TimerHandle | None = None

    def expect(self) -> None:
        """Something from outside is due. Harmless when repeated."""
        self._rise()
        if self._handle is None and not self._is_probe:
            self._clock.work_began()
            self._handle = asyncio.get_running_loop().call_later(PATIENCE_S, self._settle)

    def rest(self) -> None:
        """Nothing from outside is due: it is the clock that moves things on. Harmless when repeated."""
        self._settle()
        if self._is_probe and not self._is_resting:
            self._is_resting = True
            self._clock.work_ended()

    def end(self) -> None:
        """Nobody waits any more, and a probe is work as it was before."""
        self._settle()
        self._rise()

    def listen(self) -> None:
        """From now on the target may be waited for."""
        self._has_heard = False

    def hear(self) -> None:
        """The target has been heard of."""
        self._has_heard = True
        self._settle()

    def look(self, *, is_moving: bool) -> None:
        """Bytes are on their way through the link, or all of them are through."""
        if is_moving:
            self.rest()
        elif self._has_heard:
            self._rise()
        else:
            self.expect()

    async def wait(self, delay_s: float | None) -> None:
        """Let so much load-balancer time pass; None is for ever."""
        waiter = asyncio.get_running_loop().create_future()

        def on_due() -> None:
            if not waiter.done():
                waiter.set_result(None)
                self.expect()

        self.rest()
        timer = None if delay_s is None else self._clock.call_later(delay_s, on_due)
        try:
            await waiter
        finally:
            if timer is not None:
                timer.cancel()

    def _settle(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._clock.work_ended()

    def _rise(self) -> None:
        if self._is_resting:
            self._is_resting = False
            self._clock.work_began()
