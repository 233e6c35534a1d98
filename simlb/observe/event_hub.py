"""The stream of everything that happens: numbered, remembered for those who come later, handed to whoever looks.

Nobody who looks can slow down what happens: each has a queue of its own, and is dropped when that is full.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence

from simlb.core.event_json import Missed, Told
from simlb.core.events import Event
from simlb.core.pulse import Pulse
from simlb.errors import SimlbError
from simlb.observe.event_entries import Entry, Position
from simlb.observe.event_history import EventHistory
from simlb.observe.event_viewers import Viewer
from simlb.observe.live import LiveWindow
from simlb.observe.recorder import Batch
from simlb.observe.request_events import RequestTeller

VIEWERS_MAX = 64
COUNTS_S = 0.25
"""How long, in real seconds, requests that are not told one by one wait for being told as counts."""
PULSE_S = 1.0


class EventHub:
    """One instance's stream. Used on its loop."""

    def __init__(
        self,
        teller: RequestTeller,
        live: LiveWindow,
        make_pulse: Callable[[], Pulse],
        flush: Callable[[], None],
    ) -> None:
        """`flush` has the finished exchanges handed on that still wait for their batch to fill."""
        self.dropped = 0
        """How many viewers did not keep up."""
        self._teller = teller
        self._live = live
        self._make_pulse = make_pulse
        self._flush = flush
        self._history = EventHistory()
        self._number = 0
        self._viewers: list[Viewer] = []
        self._listeners: list[Callable[[Told], None]] = []
        self._counts_timer: asyncio.TimerHandle | None = None
        self._pulse_timer: asyncio.TimerHandle | None = None
        self._last_pulse: Entry | None = None
        self._is_closed = False

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    # -- what happens --------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Tell of all requests that are over by now."""
        self._flush()
        self._tell_counts()

    def publish(self, event: Event) -> None:
        """Something happened. Requests that were over before it come before it."""
        self.catch_up()
        entry = self._entry(event, time.time())
        self._history.add(entry)
        self._deliver((entry,))

    def take(self, batch: Batch) -> None:
        """A batch of finished exchanges."""
        teller = self._teller
        entries = []
        for event, has_failed, wall_s in teller.take(batch):
            entry = self._entry(event, wall_s)
            if has_failed:
                self._history.add_failed(entry)
            else:
                self._history.add_ordinary(entry)
            entries.append(entry)
        if entries:
            self._deliver(entries)
        if teller.has_counts and self._counts_timer is None and not self._is_closed:
            self._counts_timer = asyncio.get_running_loop().call_later(COUNTS_S, self._tell_counts)

    def _tell_counts(self) -> None:
        if self._counts_timer is not None:
            self._counts_timer.cancel()
            self._counts_timer = None
        if not self._teller.has_counts:
            return
        wall_s = time.time()
        entries = [self._entry(event, wall_s) for event in self._teller.counted()]
        for entry in entries:
            self._history.add_ordinary(entry)
        self._deliver(entries)

    def _entry(self, event: Event, wall_s: float) -> Entry:
        self._number += 1
        return Entry(self._number, event, wall_s)

    def _deliver(self, entries: Sequence[Entry]) -> None:
        self._offer(entries)
        for listener in tuple(self._listeners):
            for entry in entries:
                listener(entry.event)

    def _offer(self, entries: Sequence[Entry], *, pulses: bool = False) -> None:
        viewers = [viewer for viewer in self._viewers if viewer.wants_pulses] if pulses else self._viewers
        for viewer in [viewer for viewer in viewers if not viewer.offer(entries)]:
            self._viewers.remove(viewer)
            self.dropped += 1
            viewer.drop(entries)

    # -- who looks -----------------------------------------------------------------------------------------------------

    def watch(
        self,
        *,
        types: Collection[str] | None = None,
        pulses: bool = True,
        after: int | None = None,
        history: int = 0,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> Viewer:
        """One more who looks, from now on, until it leaves. Raises SimlbError E770 when there are enough.

        First come the last `history` events of these types, or all that are kept after number `after`; with a `Missed`
        before them where some of those are kept no more. A number that has not been is another instance's: then all
        that is kept is new.
        """
        self._make_room()
        self.catch_up()
        backlog: list[Entry | Position] = []
        if after is None:
            backlog += self._history.last(history, types)
        else:
            after = after if after <= self._number else 0
            kept = self._history.after(after)
            missing = self._number - after - len(kept)
            if missing:
                backlog.append(Entry(None, Missed(count=missing), time.time()))
            backlog += kept if types is None else [entry for entry in kept if entry.type in types]
        backlog.append(Position(self._number))
        viewer = Viewer(backlog, types=types, wants_pulses=pulses, is_gone=is_gone, on_leave=self._leave)
        if self._is_closed:
            viewer.end()
            return viewer
        self._viewers.append(viewer)
        if pulses:
            if self._pulse_timer is None:
                self._live.start()
                self._pulse()
            elif self._last_pulse is not None:
                viewer.offer((self._last_pulse,))
        return viewer

    def _leave(self, viewer: Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)

    def _make_room(self) -> None:
        if len(self._viewers) >= VIEWERS_MAX:
            self._viewers = [viewer for viewer in self._viewers if not viewer.is_gone()]
        if len(self._viewers) >= VIEWERS_MAX:
            raise SimlbError(
                "E770",
                f"{VIEWERS_MAX} viewers follow the events of this instance already; there can be no more.",
                "→ close some: consoles, simlb top, simlb events",
            )

    def listen(self, listener: Callable[[Told], None]) -> Callable[[], None]:
        """Call `listener` with every event from now on, until the returned function is called; without pulses."""
        self.catch_up()
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    # -- pulses --------------------------------------------------------------------------------------------------------

    def _pulse(self) -> None:
        self._pulse_timer = None
        if self._is_closed or not any(viewer.wants_pulses for viewer in self._viewers):
            self._live.stop()
            self._last_pulse = None
            return
        # Armed first: whatever happens below, the next one comes.
        self._pulse_timer = asyncio.get_running_loop().call_later(PULSE_S, self._pulse)
        self._flush()
        self._live.close_slot()
        self._last_pulse = Entry(None, self._make_pulse(), time.time())
        self._offer((self._last_pulse,), pulses=True)

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Nothing happens any more: everybody gets what is left, and the end. Harmless when repeated."""
        if self._is_closed:
            return
        self._tell_counts()
        self._is_closed = True
        if self._pulse_timer is not None:
            self._pulse_timer.cancel()
            self._pulse_timer = None
        for viewer in self._viewers:
            viewer.end()
        self._viewers.clear()
