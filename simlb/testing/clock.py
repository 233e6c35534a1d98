"""The time of load balancers under test: real, faster, or moved by hand."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import Literal

from simlb.clock import Clock as RunningClock
from simlb.clock import ManualClock, ScaledClock
from simlb.errors import SimlbError
from simlb.testing.loops import Home, Ready

SPEED_MAX = 1000.0
Mode = Literal["real", "manual"]


class Clock:
    """`Clock()` is real time, `Clock(speed=10)` ten times as fast, `Clock("manual")` stands still until `advance`.

    One clock may be that of several load balancers. All its times are load-balancer seconds; a manual clock waits
    `patience_s` real seconds for the outcome of probes that it has caused before it goes on without.
    """

    def __init__(self, mode: Mode = "real", *, speed: float = 1.0, patience_s: float = 0.25) -> None:
        """Raises SimlbError E690 for another mode, or a speed that does not go with it."""
        if mode not in {"real", "manual"}:
            raise SimlbError("E690", f"There is no clock '{mode}'.", "clock='manual', or clock=simlb.Clock(speed=10)")
        if not (0 < speed <= SPEED_MAX and math.isfinite(speed)):
            raise SimlbError("E690", f"speed={speed} is not a number above 0 and at most {SPEED_MAX:g}.")
        if mode == "manual" and speed != 1:
            raise SimlbError("E690", "A manual clock has no speed: advance() moves it.")
        self.mode = mode
        self.speed = speed
        self._patience_s = patience_s
        self._began = time.monotonic()
        self._now = 0.0
        self._attached: list[tuple[Home, _PatientOnce]] = []

    @classmethod
    def of(cls, given: Clock | Mode | float) -> Clock:
        """What `clock=` may be: a clock, a mode, or a speed."""
        if isinstance(given, Clock):
            return given
        return cls(given) if isinstance(given, str) else cls(speed=given)

    @property
    def is_manual(self) -> bool:
        """Whether time stands still until it is moved."""
        return self.mode == "manual"

    @property
    def words(self) -> str:
        """How time goes, for messages."""
        if self.is_manual:
            return f"manual, at {self.now:g} s"
        return "real" if self.speed == 1 else f"speed {self.speed:g}"

    @property
    def now(self) -> float:
        """Load-balancer seconds since the clock was made."""
        return self._now if self.is_manual else (time.monotonic() - self._began) * self.speed

    def advance(self, seconds: float) -> Awaitable[None]:
        """Move a manual clock: every deadline on the way fires, in order, and probes get their real outcome.

        From any thread. It blocks until that is done; on a load balancer's own loop it begins at once and gives
        something to await. Raises SimlbError E694 when the clock runs by itself.
        """
        if not self.is_manual:
            raise SimlbError(
                "E694",
                f"The time of this load balancer runs by itself ({self.words}): it cannot be moved.",
                "clock='manual', or the fixture alb_clock",
            )
        if not (seconds >= 0 and math.isfinite(seconds)):
            raise SimlbError("E690", f"A clock cannot be moved by {seconds} seconds.")
        self._now += seconds
        here = [(home, clock) for home, clock in self._attached if home.is_here]
        if here:
            return here[0][0].loop.create_task(self._advance_from_here(seconds))
        for home, clock in list(self._attached):
            home.run(clock.move(seconds))
        return Ready(None)

    async def _advance_from_here(self, seconds: float) -> None:
        for home, clock in list(self._attached):
            if home.is_here:
                await clock.move(seconds)
            else:
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(clock.move(seconds), home.loop))

    # -- for the load balancers ----------------------------------------------------------------------------------------

    def attach(self, home: Home) -> RunningClock:
        """The clock that a load balancer on `home` runs by."""
        if not self.is_manual:
            return ScaledClock(self.speed)
        clock = _PatientOnce(self._now, patience_s=self._patience_s)
        self._attached.append((home, clock))
        return clock

    def detach(self, clock: RunningClock) -> None:
        """Its load balancer is gone."""
        self._attached = [entry for entry in self._attached if entry[1] is not clock]


class _PatientOnce(ManualClock):
    """Waits for a probe that has no answer once, not again at every deadline before the probe's own."""

    def __init__(self, start: float, *, patience_s: float) -> None:
        super().__init__(start, patience_s=patience_s)
        self._has_waited = False
        self._queue = asyncio.Lock()

    async def move(self, seconds: float) -> None:
        """Like `advance`, one after the other when several ask."""
        async with self._queue:
            await self.advance(seconds)

    def work_began(self) -> None:
        super().work_began()
        self._has_waited = False

    async def settle(self) -> None:
        if self._has_waited:
            return
        await super().settle()
        self._has_waited = self._work > 0
