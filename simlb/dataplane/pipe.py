"""One direction of a link: a queue through which bytes pass at a pace, or at once where there is none.

Whoever feeds it looks at `size` and stops feeding above `HIGH_BYTES`; `on_change` tells when it has become less.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simlb.clock import Clock, Timer
from simlb.dataplane.points import Wire

HIGH_BYTES = 64 * 1024
LOW_BYTES = 16 * 1024
_PIECE_S = 0.05
_PIECE_REAL_S = 0.01
"""What passes at a rate passes in pieces of so much time, whichever of the two is longer."""


class Pipe:
    """Bytes in, the same bytes out, in order; ends behind them."""

    __slots__ = (
        "_chunks",
        "_clock",
        "_deliver",
        "_ends",
        "_free_at",
        "_is_held",
        "_is_pumping",
        "_on_change",
        "_piece_bytes",
        "_rate",
        "_slice_delay_s",
        "_timer",
        "size",
    )

    def __init__(self, clock: Clock, deliver: Callable[[bytes], None], on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._deliver = deliver
        self._on_change = on_change
        self._rate: float | None = None
        self._piece_bytes: int | None = None
        self._slice_delay_s = 0.0
        # Views, since a small slice of a large chunk must not cost a copy of the rest.
        self._chunks: deque[memoryview] = deque()
        self._ends: deque[Callable[[], None]] = deque()
        self._free_at = clock.now()
        """When the piece before was through: the next one's time begins then."""
        self._timer: Timer | None = None
        self._is_held = False
        self._is_pumping = False
        self.size = 0

    def pace(self, wire: Wire) -> None:
        """From now on as `wire` says: a piece is through when its time is over, a pause follows each slice."""
        self._rate = wire.bytes_per_s
        self._piece_bytes = wire.slice_bytes
        self._slice_delay_s = 0.0 if wire.slice_bytes is None else wire.slice_delay_s
        if wire.bytes_per_s is not None:
            ration = max(1, int(wire.bytes_per_s * max(_PIECE_S, _PIECE_REAL_S * self._clock.speed)))
            self._piece_bytes = ration if wire.slice_bytes is None else min(ration, wire.slice_bytes)

    @property
    def has_end(self) -> bool:
        """Whether an end waits behind the bytes."""
        return bool(self._ends)

    def feed(self, data: bytes) -> None:
        """Bytes to pass on."""
        if not data:
            return
        if not self._chunks:
            self._free_at = max(self._free_at, self._clock.now())
        self._chunks.append(memoryview(data))
        self.size += len(data)
        self._pump()

    def finish(self, end: Callable[[], None]) -> None:
        """Call `end` when everything before it has passed. Several of them are called in order."""
        self._ends.append(end)
        self._pump()

    def hold(self) -> None:
        """Let nothing pass until `go`."""
        self._is_held = True
        self._stop_timer()

    def go(self) -> None:
        """Let it pass again."""
        if self._is_held:
            self._is_held = False
            self._free_at = max(self._free_at, self._clock.now())
            self._pump()

    def drop(self) -> None:
        """Forget the bytes, but not the ends behind them."""
        self._chunks.clear()
        self.size = 0
        self._stop_timer()

    def clear(self) -> None:
        """Forget everything."""
        self._ends.clear()
        self.drop()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pump(self) -> None:
        if self._is_pumping or self._timer is not None:
            return
        self._is_pumping = True
        try:
            while self._chunks and not self._is_held:
                length = self._next_bytes()
                due = self._free_at + (0.0 if self._rate is None else length / self._rate)
                if due > self._clock.now():
                    self._timer = self._clock.call_at(due, self._on_due)
                    return
                # From when it was due, so that late timers do not slow the link down.
                self._free_at = due + self._slice_delay_s
                piece = self._take(length)
                self._deliver(piece)
                self._on_change()
            while self._ends and not self._chunks and not self._is_held:
                self._ends.popleft()()
        finally:
            self._is_pumping = False

    def _on_due(self) -> None:
        self._timer = None
        self._pump()

    def _next_bytes(self) -> int:
        return len(self._chunks[0]) if self._piece_bytes is None else min(self._piece_bytes, self.size)

    def _take(self, length: int) -> bytes:
        pieces: list[memoryview] = []
        left = length
        while left:
            chunk = self._chunks.popleft()
            if len(chunk) > left:
                self._chunks.appendleft(chunk[left:])
                chunk = chunk[:left]
            pieces.append(chunk)
            left -= len(chunk)
        self.size -= length
        return b"".join(pieces)
