"""The log files of one instance: open intervals are appended to, and delivered into their buckets when they are over.

One thread uses it, the writer's. It knows no queue and no thread; `now` is wall-clock time.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from simlb.core.events import Notice
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.observe.buckets import put_object
from simlb.observe.delivery import Delivery
from simlb.observe.open_interval import OpenInterval, Sealed, leftovers

FILE_BYTES_MAX = 64 * 1024 * 1024
RETRY_S = 5.0
"""How long after a delivery that failed it is tried again, in real seconds."""
SETTLED_S = 1.0
"""How long writing has to work again before that is said, in real seconds."""
SLICE_S = 0.05
"""How long one call may work on deliveries while lines may be waiting."""

WORDS = {LogKind.ACCESS: "access", LogKind.CONNECTION: "connection", LogKind.HEALTH_CHECK: "health check"}


class _Stream:
    """One log of one load balancer: its open interval, and the trouble it has."""

    def __init__(self) -> None:
        self.open: OpenInterval | None = None
        self.missing: int | None = None
        """Lines lost since writing began to fail; None while it works."""
        self.works_since: float | None = None
        """Since when it works again, while that is not told yet."""


class LogSpool:
    """Appends, rotates, delivers, recovers. What goes wrong is told, once, and counted."""

    def __init__(
        self,
        folder: Path,
        buckets: Path,
        notify: Callable[[Notice], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder` is for open intervals, `buckets` the folder of all buckets."""
        self._folder = folder
        self._buckets = buckets
        self._notify = notify
        self._monotonic = monotonic
        self._streams: dict[LogPlace, _Stream] = {}
        self._sealed: deque[Sealed] = deque()
        self._delivery: Delivery | None = None
        self._failed: list[Sealed] = []
        self._retry_at = 0.0
        self._is_told = False
        """That deliveries fail."""
        self.lost: Counter[LogKind] = Counter()
        """Lines that could not be written."""
        self.torn: Counter[LogKind] = Counter()
        """Halves of lines that a crash had left, and that were kept out."""

    # -- lines ---------------------------------------------------------------------------------------------------------

    def append(self, place: LogPlace, text: bytes, now_s: float) -> None:
        """Add whole lines to the open interval."""
        stream = self._streams.setdefault(place, _Stream())
        try:
            interval = self._interval(stream, place, now_s)
        except OSError as error:
            self._on_lost(stream, place, text.count(b"\n"), error)
            return
        before = interval.size
        failure = interval.append(text)
        if failure is not None:
            self._on_lost(stream, place, text.count(b"\n", interval.size - before), failure)
            if not interval.is_whole:
                self._seal(stream)
        elif stream.missing is not None and stream.works_since is None:
            stream.works_since = self._monotonic()

    def _interval(self, stream: _Stream, place: LogPlace, now_s: float) -> OpenInterval:
        interval = stream.open
        if interval is not None:
            if not interval.is_there():
                # Who has removed it did not want it; what replaced it is not ours.
                interval.seal()
                stream.open = None
            elif interval.size >= FILE_BYTES_MAX or not interval.covers(now_s):
                self._seal(stream)
        if stream.open is None:
            stream.open = OpenInterval(self._folder, place, now_s)
        return stream.open

    def _seal(self, stream: _Stream) -> None:
        assert stream.open is not None
        self._sealed.append(stream.open.seal())
        stream.open = None

    def _on_lost(self, stream: _Stream, place: LogPlace, lines: int, error: OSError) -> None:
        self.lost[place.kind] += lines
        stream.works_since = None
        if stream.missing is None:
            stream.missing = 0
            where = self._folder if stream.open is None else stream.open.path
            self._notify(
                Notice(
                    level="error",
                    code="E713",
                    text=f"The {WORDS[place.kind]} log {where} cannot be written: {error.strerror or error}.",
                    notes=("Traffic goes on; lines are missing in the file until this is mended.",),
                )
            )
        stream.missing += lines

    @property
    def is_settling(self) -> bool:
        """Whether `settle` has something to tell before long."""
        return any(stream.works_since is not None for stream in self._streams.values())

    def settle(self, after_s: float = SETTLED_S) -> None:
        """Say which logs have worked again for so long: a disk that is nearly full takes a short line now and then."""
        now = self._monotonic()
        for place, stream in self._streams.items():
            if stream.works_since is not None and now - stream.works_since >= after_s:
                where = self._folder if stream.open is None else stream.open.path
                words = f"The {WORDS[place.kind]} log {where} is written again"
                self._notify(Notice(level="warning", text=f"{words}; {stream.missing} lines are missing in it."))
                stream.missing = stream.works_since = None

    # -- buckets -------------------------------------------------------------------------------------------------------

    def enable(self, place: LogPlace, now_s: float) -> None:
        """Write the test object, as AWS does when logging is enabled."""
        try:
            text = place.test_file_text(now_s).encode()
            put_object(self._buckets, place.bucket.bucket, place.test_file_key, text)
        except OSError as error:
            self._on_delivery_failed(place.bucket.bucket, error)

    def rotate(self, now_s: float) -> None:
        """Seal the intervals that are over; also those that have not begun yet, by a clock that was set back."""
        for place, stream in list(self._streams.items()):
            if stream.open is not None and not stream.open.covers(now_s):
                self._seal(stream)
            elif stream.open is None and stream.missing is None:
                del self._streams[place]

    def next_rotation_s(self) -> float | None:
        """The wall-clock second of the next interval's end; None when nothing is open."""
        return min((stream.open.end_s for stream in self._streams.values() if stream.open is not None), default=None)

    @property
    def is_delivering(self) -> bool:
        """Whether `deliver` has something to do now."""
        return self._delivery is not None or bool(self._sealed) or self._is_retry_due()

    @property
    def has_failed(self) -> bool:
        """Whether a delivery waits to be tried again."""
        return bool(self._failed)

    def _is_retry_due(self) -> bool:
        return bool(self._failed) and self._monotonic() >= self._retry_at

    def deliver(self, slice_s: float = SLICE_S) -> None:
        """Work on deliveries, for about so long."""
        until = self._monotonic() + slice_s
        if self._is_retry_due():
            self._try_again()
        while self._delivery is not None or self._sealed:
            sealed = self._sealed[0] if self._delivery is None else self._delivery.sealed
            try:
                is_done = self._work_on(sealed)
            except OSError as error:
                self._delivery = None
                self._sealed.popleft()
                if sealed.path.exists():  # else somebody has removed it, and there is nothing to deliver
                    self._failed.append(sealed)
                    self._on_delivery_failed(sealed.bucket, error)
            else:
                if is_done:
                    self._delivery = None
                    self._sealed.popleft()
                    self._on_delivered()
            if self._monotonic() >= until:
                return

    def _work_on(self, sealed: Sealed) -> bool:
        if sealed.size == 0:
            sealed.remove()
            return True
        if self._delivery is None:
            self._delivery = Delivery(self._buckets, sealed)
        return self._delivery.step()

    def _try_again(self) -> None:
        self._sealed.extend(self._failed)
        self._failed.clear()

    def _on_delivered(self) -> None:
        if self._is_told and not self._sealed and not self._failed:
            self._is_told = False
            self._notify(Notice(level="info", text="Log files are put into their buckets again; nothing is missing."))

    def _on_delivery_failed(self, bucket: str, error: OSError) -> None:
        self._retry_at = self._monotonic() + RETRY_S
        if not self._is_told:
            self._is_told = True
            self._notify(
                Notice(
                    level="error",
                    code="E714",
                    text=f"The bucket {self._buckets / bucket} cannot be written: {error.strerror or error}.",
                    notes=(f"Log files wait in {self._folder} until this is mended; no line is lost.",),
                )
            )

    # -- beginning and end ---------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Take over what earlier runs of this instance have left. `deliver` does the rest."""
        found = torn = 0
        try:
            for leftover in leftovers(self._folder):
                if isinstance(leftover, Path):
                    text = f"{leftover} does not say where its log belongs; it is left alone."
                    self._notify(Notice(level="warning", code="E715", text=text))
                    continue
                self._sealed.append(leftover.sealed)
                self.torn[leftover.sealed.kind] += leftover.torn
                torn += leftover.torn
                found += 1
        except OSError as error:
            text = f"{self._folder} cannot be read: {error.strerror or error}."
            note = "Log files that an earlier run has left there wait for the next start."
            self._notify(Notice(level="error", code="E715", text=text, notes=(note,)))
        if found:
            files = "a log file" if found == 1 else f"{found} log files"
            lines = "" if not torn else f", without {torn} torn line{'s' * (torn > 1)}"
            self._notify(Notice(level="info", text=f"An earlier run has left {files}; delivered now{lines}."))

    def close(self) -> None:
        """Deliver everything. What cannot be delivered waits for the next start."""
        self.settle(after_s=0)
        for stream in self._streams.values():
            if stream.open is not None:
                self._seal(stream)
        self._try_again()
        while self._delivery is not None or self._sealed:
            self.deliver()
        with contextlib.suppress(OSError):  # it holds what could not be delivered, or was never made
            self._folder.rmdir()
