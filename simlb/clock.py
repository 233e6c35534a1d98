"""The load balancer's time: real, scaled or moved by hand (all durations in load-balancer seconds).

Every timer of the load balancer goes through one `Clock`. Wall-clock stamps and measured processing times do not.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """What `call_at` and `call_later` give back."""

    def cancel(self) -> None:
        """Forget the callback; harmless when it has already run."""


class Clock(Protocol):
    """Load-balancer time in seconds from an arbitrary start, and callbacks at points of it."""

    speed: float

    def now(self) -> float:
        """The present, monotonic."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once `now()` has reached `when`."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` `delay_s` load-balancer seconds from now."""

    def to_real(self, duration_s: float) -> float:
        """How many real seconds a load-balancer duration takes."""

    def work_began(self) -> None:
        """Something that a deadline caused (a probe) awaits the outside world."""

    def work_ended(self) -> None:
        """It has its outcome."""


class _RealTimer:
    """A timer of the event loop that lets sockets be read first when it is late.

    After a pause of the whole process (a stopped job, a suspended machine, a busy one) deadlines have passed while
    answers that came in time lie unread, and event loops run timers before they look at sockets. What was read may
    need the loop more than once (a connection is made, its task goes on, the request is sent): hence several rounds.
    """

    __slots__ = ("_callback", "_due", "_handle", "_loop", "_rounds")

    LATE_S = 0.02
    ROUND_S = 0.002
    ROUNDS = 4

    def __init__(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._rounds = 0
        self._callback: Callable[[], None] | None = callback
        self._due = self._loop.time() + delay_s
        self._handle: asyncio.TimerHandle | None = self._loop.call_later(delay_s, self._fire)

    def _fire(self) -> None:
        if self._loop.time() - self._due > self.LATE_S and self._rounds < self.ROUNDS:
            self._rounds += 1
            self._handle = self._loop.call_later(self.ROUND_S, self._fire)
        else:
            self._run()

    def _run(self) -> None:
        callback = self._callback
        assert callback is not None
        self._forget()
        callback()

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._forget()

    def _forget(self) -> None:
        # Whoever has a timer is held by it in turn. Left so, all that a request has made would wait for the garbage
        # collector, which stops the load balancer for as long as it takes: 50 ms for the 2,000 of them.
        self._handle = None
        self._callback = None


class ScaledClock:
    """Real time, `speed` times as fast. `now` is a plain attribute: at speed 1 it is `time.monotonic` itself."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError("speed must be above 0")
        self.speed = speed
        start = time.monotonic()
        monotonic = time.monotonic
        self.now: Callable[[], float] = monotonic if speed == 1 else lambda: start + (monotonic() - start) * speed

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` at load-balancer time `when` on the running loop."""
        return self.call_later(when - self.now(), callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `delay_s` load-balancer seconds on the running loop."""
        return _RealTimer(max(0.0, delay_s / self.speed), callback)

    def to_real(self, duration_s: float) -> float:
        """Load-balancer seconds to real seconds."""
        return duration_s / self.speed

    def work_began(self) -> None:
        """Time does not wait: nothing to do."""

    def work_ended(self) -> None:
        """Time does not wait: nothing to do."""


class _ManualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """Time that stands still until `advance` moves it: for tests.

    Deadlines fire in order; after each, `advance` waits for the real outcome of the work it caused. What has no outcome
    within `patience_s` real seconds (a target that hangs) is left waiting for its own, later deadline.
    """

    def __init__(self, start: float = 0.0, *, patience_s: float = 0.25) -> None:
        self.speed = 1.0
        self._now = start
        self._patience_s = patience_s
        self._timers: list[tuple[float, int, _ManualTimer]] = []
        self._order = itertools.count()
        self._work = 0
        self._settled: asyncio.Event | None = None
        self._moving = asyncio.Lock()

    def now(self) -> float:
        """Where time was left."""
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` when `advance` passes `when`."""
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (max(when, self._now), next(self._order), timer))
        return timer

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` when `advance` has moved `delay_s` further."""
        return self.call_at(self._now + delay_s, callback)

    def to_real(self, duration_s: float) -> float:
        """A manual clock has no rate: durations are shown as they are."""
        return duration_s

    def work_began(self) -> None:
        """One more outcome to wait for."""
        self._work += 1

    def work_ended(self) -> None:
        """One outcome has arrived."""
        self._work -= 1
        if self._work == 0 and self._settled is not None:
            self._settled.set()

    async def advance(self, duration_s: float) -> None:
        """Move time `duration_s` on, running every deadline on the way in order. Call it on the clock's loop.

        Two that are asked for at once happen one after the other: their durations add up.
        """
        if not 0 <= duration_s < math.inf:
            raise ValueError(f"time goes forward: {duration_s} is not 0 or more seconds")
        async with self._moving:
            until = self._now + duration_s
            await self.settle()
            while self._timers and self._timers[0][0] <= until:
                when, _, timer = heapq.heappop(self._timers)
                callback = timer.callback
                if callback is None:
                    continue
                self._now = max(self._now, when)
                timer.callback = None
                callback()
                await self.settle()
            self._now = until

    def advance_from_thread(self, loop: asyncio.AbstractEventLoop, duration_s: float) -> None:
        """`advance` from a thread that does not run the clock's `loop`; back when time has moved that far.

        Raises what a callback raised, and RuntimeError on the loop's own thread, which would wait for itself.
        """
        if _running_loop() is loop:
            raise RuntimeError("this thread runs the clock's loop: await advance() instead")
        asyncio.run_coroutine_threadsafe(self.advance(duration_s), loop).result()

    async def settle(self) -> None:
        """Wait, in real time and with patience, until no probe is under way."""
        if self._work == 0:
            return
        self._settled = asyncio.Event()
        try:
            await asyncio.wait_for(self._settled.wait(), self._patience_s)
        except TimeoutError:
            # Only a hanging target gets here; its probe ends at its own deadline.
            return
        finally:
            self._settled = None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
