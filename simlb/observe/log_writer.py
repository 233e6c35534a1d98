"""The one thread that writes log files, and the bounded queue before it. The event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from simlb.core.events import Notice
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.observe.log_spool import RETRY_S, SETTLED_S, LogSpool

QUEUE_BYTES_MAX = 64 * 1024 * 1024
WRITE_EVERY_S = 0.2
"""How long, in real seconds, lines wait for others to be written with."""
CLOSE_S = 10.0
"""How long a stop waits for the disk, in real seconds."""


class LogWriter:
    """Takes lines on the event loop, which it belongs to, and hands them to a `LogSpool` on its thread.

    The queue needs no lock: each of its two sums is written by one side only, and a deque's ends are safe.
    """

    def __init__(
        self,
        folder: Path,
        buckets: Path,
        notify: Callable[[Notice], None],
        *,
        wall: Callable[[], float] = time.time,
        queue_bytes_max: int = QUEUE_BYTES_MAX,
    ) -> None:
        """`folder` is for open intervals, `buckets` the folder of all buckets. `notify` is called on the loop."""
        self._loop = asyncio.get_running_loop()
        self._notify = notify
        self._wall = wall
        self._queue_bytes_max = queue_bytes_max
        self._queue: deque[tuple[LogPlace, bytes]] = deque()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._dropped: Counter[LogKind] = Counter()
        self._missing: int | None = None
        """Lines dropped since the queue became full; None while it is not."""
        self._wake = threading.Event()
        self._is_asleep = False
        self._is_closing = False
        self._ended = asyncio.Event()
        self._spool = LogSpool(folder, buckets, self._tell)
        # A disk that hangs must not keep the process alive; everything else is waited for in `close`.
        self._thread = threading.Thread(target=self._run, name="simlb-logs", daemon=True)
        self._thread.start()

    # -- on the loop ---------------------------------------------------------------------------------------------------

    def put(self, place: LogPlace, text: bytes, lines: int) -> None:
        """Have whole lines written soon; so many lines are dropped and counted when the disk is far behind."""
        if self._put_bytes - self._taken_bytes + len(text) > self._queue_bytes_max:
            self._drop(place.kind, lines)
            return
        if self._missing is not None and self._put_bytes - self._taken_bytes < self._queue_bytes_max // 2:
            self._notify(Notice(level="warning", text=f"Logs are written again; {self._missing} lines are missing."))
            self._missing = None
        self._put_bytes += len(text)
        self._queue.append((place, text))
        if self._is_asleep:
            self._wake.set()

    def enable(self, place: LogPlace) -> None:
        """Have the test object written."""
        self._queue.append((place, b""))
        self._wake.set()

    def _drop(self, kind: LogKind, lines: int) -> None:
        self._dropped[kind] += lines
        if self._missing is None:
            self._missing = 0
            text = f"The disk does not keep up: {self._queue_bytes_max >> 20} MB of log lines wait to be written."
            note = "Traffic goes on; further lines are dropped and counted."
            self._notify(Notice(level="error", code="E716", text=text, notes=(note,)))
        self._missing += lines

    def lost(self, kind: LogKind) -> int:
        """Lines that are in no file and will be in none."""
        return self._dropped[kind] + self._spool.lost[kind]

    def torn(self, kind: LogKind) -> int:
        """Halves of lines that a crash had left and that were kept out of the delivered files."""
        return self._spool.torn[kind]

    async def close(self, within_s: float = CLOSE_S) -> None:
        """Wait until everything is on the disk and delivered. A disk that hangs for longer is given up."""
        self._is_closing = True
        self._wake.set()
        try:
            await asyncio.wait_for(self._ended.wait(), within_s)
        except TimeoutError:
            waiting = [(place.kind, text.count(b"\n")) for place, text in tuple(self._queue)]
            for kind, lines in waiting:
                self._dropped[kind] += lines
            count = sum(lines for _, lines in waiting)
            words = f"The disk did not answer within {within_s:g} s: {count} log lines are not written."
            self._notify(Notice(level="error", code="E717", text=words))
        else:
            self._thread.join()

    # -- on the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        spool = self._spool
        try:
            spool.recover()
            while True:
                is_last = self._is_closing  # before looking: what comes later is not there when it closes
                has_written = self._write()
                spool.rotate(self._wall())
                spool.settle()
                if is_last:
                    break
                if spool.is_delivering:
                    spool.deliver()
                elif has_written:
                    self._pause()
                else:
                    self._sleep()
            spool.close()
        finally:
            self._call(self._ended.set)

    def _write(self) -> bool:
        """Write what is in the queue, each log's lines in one go; whether there was anything."""
        texts: dict[LogPlace, list[bytes]] = {}
        size = 0
        while self._queue:
            place, text = self._queue.popleft()
            if text:
                texts.setdefault(place, []).append(text)
                size += len(text)
            else:
                self._spool.enable(place, self._wall())
        for place, pieces in texts.items():
            self._spool.append(place, b"".join(pieces), self._wall())
        self._taken_bytes += size
        return bool(texts)

    def _pause(self) -> None:
        """Let lines gather; only the end wakes it."""
        self._wake.wait(WRITE_EVERY_S)
        if not self._is_closing:
            self._wake.clear()

    def _sleep(self) -> None:
        """Until there is something to do."""
        self._is_asleep = True
        if not self._queue and not self._is_closing:
            ends_at = self._spool.next_rotation_s()
            left_s = None if ends_at is None else max(0.0, min(ends_at - self._wall(), 60.0))
            if self._spool.has_failed:
                left_s = RETRY_S if left_s is None else min(left_s, RETRY_S)
            if self._spool.is_settling:
                left_s = SETTLED_S if left_s is None else min(left_s, SETTLED_S)
            self._wake.wait(left_s)
        self._is_asleep = False
        if not self._is_closing:
            self._wake.clear()

    def _tell(self, notice: Notice) -> None:
        self._call(lambda: self._notify(notice))

    def _call(self, function: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            self._loop.call_soon_threadsafe(function)
