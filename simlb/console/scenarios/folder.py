"""The runs that are kept: a journal and a report each, in `runs/<instance>` of the state folder, bounded in number.

A run's id is made here and is a fixed pattern; nothing else in the folder is ever read or removed. What a run came to
stands in its journal: the first line and the last few are enough. Everything here reads files: call it in a thread.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simlb.errors import SimlbError

KEPT_MAX = 20
BYTES_MAX = 256 * 1024 * 1024
"""Of all journals together. The newest run is kept whatever it takes."""

_ID = re.compile(r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)-\d{8}-\d{6}-[0-9a-f]{4}")
_ID_CHARACTERS_MAX = 100
_HEAD_BYTES = 256 * 1024
"""A journal's first line holds the scenario's file; shipped ones have a few kilobytes."""
_TAIL_BYTES = 64 * 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """What a journal says of its run. `outcome` is "" where it breaks off. `damage` is what is wrong with the file."""

    id: str
    title: Json = field(default_factory=lambda: {"en": "", "ko": ""})
    speed: float = 1.0
    seed: int = 0
    started: str = ""
    at_s: float = 0.0
    real_s: float = 0.0
    outcome: str = ""
    why: str = ""
    judged: int = 0
    failed: int = 0
    damage: str = ""


def is_id(run: str) -> bool:
    """Whether it could be a run's."""
    return len(run) <= _ID_CHARACTERS_MAX and _ID.fullmatch(run) is not None


def scenario_of(run: str) -> str:
    """The scenario that a run's id begins with."""
    found = _ID.fullmatch(run)
    assert found is not None
    return found[1]


class RunFolder:
    """The files of the runs of one instance."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, KeptRun] = {}
        """Of runs that are over: their files do not change any more."""

    def new_id(self, scenario: str) -> str:
        """An id, and the folder for its files. Raises SimlbError E711."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SimlbError("E711", f"{self._folder} cannot be written: {error.strerror}.") from error
        return f"{scenario}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"

    def journal(self, run: str) -> Path:
        """Where a run's journal is."""
        assert is_id(run)
        return self._folder / f"{run}.jsonl"

    def report(self, run: str) -> Path:
        """Where a run's report is."""
        assert is_id(run)
        return self._folder / f"{run}.html"

    def ids(self) -> list[str]:
        """All that are there, the newest first."""
        try:
            found = [path for path in self._folder.glob("*.jsonl") if is_id(path.stem)]
        except OSError:
            return []
        return [path.stem for path in sorted(found, key=_changed_at, reverse=True)]

    def read(self, run: str, *, is_over: bool) -> KeptRun | None:
        """What a journal says; None when there is none."""
        known = self._known.get(run)
        if known is not None:
            return known
        try:
            with self.journal(run).open("rb") as file:
                head = file.readline(_HEAD_BYTES)
                size = file.seek(0, 2)
                file.seek(max(0, size - _TAIL_BYTES))
                tail = file.read()
        except OSError:
            return None
        kept = _read(run, head, tail)
        if is_over:
            self._known[run] = kept
        return kept

    def forget(self, run: str) -> None:
        """Look at its file again the next time."""
        self._known.pop(run, None)

    def prune(self, spared: Iterable[str] = ()) -> None:
        """Remove the oldest of too many; `spared` are still being written."""
        kept = bytes_total = 0
        for run in self.ids():
            size = 0
            with contextlib.suppress(OSError):  # it has gone meanwhile
                size = self.journal(run).stat().st_size
            if run not in spared and (kept >= KEPT_MAX or (kept and bytes_total + size > BYTES_MAX)):
                for path in (self.journal(run), self.report(run)):
                    with contextlib.suppress(OSError):  # open somewhere, on Windows: the next time then
                        path.unlink(missing_ok=True)
                self.forget(run)
            else:
                kept += 1
                bytes_total += size


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(run: str, head: bytes, tail: bytes) -> KeptRun:
    meta = _record(head)
    if meta is None or meta.get("type") != "meta" or not head.endswith(b"\n"):
        return KeptRun(id=run, damage=f"{run}.jsonl:1: a journal begins with its meta record")
    lines = tail.split(b"\n")
    torn = lines.pop()
    records = [record for line in lines if (record := _record(line)) is not None]
    last = records[-1] if records else meta
    judged = [record for record in records if record.get("type") == "expectation"]
    is_ended = last.get("type") == "end"
    return KeptRun(
        id=run,
        title={name: str(meta["title"][name]) for name in ("en", "ko")},
        speed=float(meta["speed"]),
        seed=int(meta["seed"]),
        started=str(meta["started"]),
        at_s=float(last.get("at_s", 0.0)),
        real_s=float(last.get("real_s", 0.0)),
        outcome=str(last.get("outcome", "")) if is_ended else "",
        why=str(last.get("why", "")) if is_ended else "",
        judged=len(judged),
        failed=sum(not record.get("has_passed") for record in judged),
        damage=f"{run}.jsonl: its last line is torn" if torn else "",
    )


def _record(line: bytes) -> Json | None:
    """A line of a journal. What was cut, at either end, is none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
