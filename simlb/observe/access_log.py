"""Where exchange records go: counters, the lines kept for `simlb logs`, and the access-log file.

Records are formatted a batch at a time, off the path of any one request. A full disk or a vanished folder loses lines
of the file, never a request; it is said once, and again when writing works again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from simlb.core.access_log import ExchangeRecord, format_line
from simlb.core.events import Notice

BATCH_RECORDS = 64
FLUSH_S = 0.25
KEPT_LINES = 10_000


class AccessLog:
    """Takes records from the data plane. One per instance."""

    def __init__(
        self,
        notify: Callable[[Notice], None],
        on_batch: Callable[[Sequence[ExchangeRecord]], None] | None = None,
    ) -> None:
        """`on_batch` is shown each batch of records, after the log is done with it."""
        self._notify = notify
        self._on_batch = on_batch
        self._pending: list[ExchangeRecord] = []
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._total = 0
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._lost = 0
        self._is_torn = False
        self._timer: asyncio.TimerHandle | None = None
        self.counters: Counter[str] = Counter()
        """CloudWatch's names where it has one (reference 7.4)."""

    def write_to(self, path: Path | None) -> None:
        """Also append lines to a file from now on; None ends that."""
        if path == self._path:
            return
        self.flush()
        self._close_file()
        self._path = path

    def record(self, record: ExchangeRecord) -> None:
        """One exchange is over."""
        pending = self._pending
        pending.append(record)
        if len(pending) >= BATCH_RECORDS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Format and write everything recorded so far."""
        records, self._pending = self._pending, []
        if not records:
            return
        lines = [format_line(record) for record in records]
        self._lines.extend(lines)
        self._total += len(lines)
        # Most records of a batch are alike: tell them apart first, then count each kind once.
        kinds: dict[tuple[int, int, str, bool], int] = {}
        for record in records:
            kind = (record.target_status_code, record.elb_status_code, record.action, record.target_address is not None)
            kinds[kind] = kinds.get(kind, 0) + 1
        for kind, count in kinds.items():
            self._count(*kind, count)
        if self._path is not None:
            self._append(self._path, "\n".join(lines) + "\n")
        if self._on_batch is not None:
            self._on_batch(records)

    def lines(self, after: int, limit: int) -> tuple[int, list[str], int]:
        """Lines numbered from `after` on, at most `limit`: the next number, the lines, how many are no longer kept.

        A negative `after` counts from the end.
        """
        self.flush()
        first_kept = self._total - len(self._lines)
        start = max(0, self._total + after) if after < 0 else min(after, self._total)
        dropped = max(0, first_kept - start) if after >= 0 else 0
        start = max(start, first_kept)
        end = min(self._total, start + limit)
        kept = self._lines
        return end, [kept[index - first_kept] for index in range(start, end)], dropped

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()
        self._close_file()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _append(self, path: Path, text: str) -> None:
        left = text.encode("utf-8", "replace")
        try:
            descriptor = self._open(path)
            if self._is_torn:
                # The disk was full in the middle of a line: what comes now is not its continuation.
                os.write(descriptor, b"\n")
                self._is_torn = False
            while left:
                written = os.write(descriptor, left)
                self._is_torn = left[written - 1 : written] != b"\n"
                left = left[written:]
        except OSError as error:
            self._close_file()
            count = left.count(b"\n")
            if not self._lost:
                self._notify(
                    Notice(
                        level="error",
                        code="E713",
                        text=f"The access log {path} cannot be written: {error.strerror or error}.",
                        notes=("Traffic goes on; lines are missing in the file until this is mended.",),
                    )
                )
            self._lost += count
            self.counters["access_log_lines_lost"] += count
        else:
            if self._lost:
                text = f"The access log {path} is written again; {self._lost} lines are missing in it."
                self._notify(Notice(level="warning", text=text))
                self._lost = 0

    def _open(self, path: Path) -> int:
        """The open file, opened anew when it or its folder was removed or replaced (a rotation) behind our back."""
        if self._descriptor is not None:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(self._descriptor)):
                    return self._descriptor
            self._close_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        if os.fstat(self._descriptor).st_size == 0:
            self._is_torn = False
        return self._descriptor

    def _close_file(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    # -- counters ------------------------------------------------------------------------------------------------------

    def _count(self, target_status_code: int, elb_status_code: int, action: str, has_target: bool, count: int) -> None:
        counters = self.counters
        counters["access_log_lines"] += count
        if has_target:
            counters["RequestCount"] += count
        if target_status_code:
            counters[f"HTTPCode_Target_{target_status_code // 100}XX_Count"] += count
            return
        if action == "redirect":
            counters["HTTP_Redirect_Count"] += count
        elif action == "fixed-response":
            counters["HTTP_Fixed_Response_Count"] += count
        if elb_status_code >= 300:
            counters[f"HTTPCode_ELB_{elb_status_code // 100}XX_Count"] += count
        if elb_status_code in {500, 502, 503, 504}:
            counters[f"HTTPCode_ELB_{elb_status_code}_Count"] += count
