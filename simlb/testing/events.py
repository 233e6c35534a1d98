"""What happens to a load balancer under test, one event after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from simlb.core.event_json import Told

if TYPE_CHECKING:
    from simlb.testing.running import RunningLoadBalancer

WAITING_MAX = 100_000
"""How many events wait at most to be looked at; then the oldest are forgotten."""


class Events:
    """What `lb.event_stream()` gives: iterate it, with `for` or `async for`, and what happens comes as it happens.

    Each step waits until there is an event, at most for the time-out (NotReachedError, with the report). The end of the
    load balancer ends the iteration.
    """

    def __init__(self, lb: RunningLoadBalancer, types: tuple[str, ...], timeout_s: float) -> None:
        self._lb = lb
        self._timeout_s = timeout_s
        self._words = f"an event ({', '.join(types)})" if types else "an event"
        self._waiting: deque[Told] = deque(maxlen=WAITING_MAX)
        self._stop = lb.on_event(self._waiting.append, *types)

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take note of nothing more. Harmless when repeated."""
        self._stop()

    def so_far(self) -> list[Told]:
        """What has happened until now and was not looked at yet, without waiting."""
        self._look()
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def __iter__(self) -> Iterator[Told]:
        return self

    def __next__(self) -> Told:
        self._lb.home.refuse_blocking("for event in lb.event_stream()", "async for event in lb.event_stream()")
        self._lb.wait(self._has_any, self._timeout_s, words=self._words)
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        await self._lb.wait(self._has_any, self._timeout_s, words=self._words)
        if not self._waiting:
            raise StopAsyncIteration
        return self._waiting.popleft()

    def _has_any(self) -> bool:
        self._look()
        return bool(self._waiting) or self._lb.is_stopped

    def _look(self) -> None:
        if not self._lb.is_stopped:
            self._lb.home.call(self._lb.app.observing.events.catch_up)
