"""The files of open intervals: plain lines in `<state>/logs/<instance>/open`, and beside each where it will go.

    access-my-alb-20261123T0905Z-x7k2m9qd.log     the lines, appended; readable with `tail -f`
    access-my-alb-20261123T0905Z-x7k2m9qd.json    bucket and key of the object they become

What a crash leaves is found by them at the next start. The key is fixed from the beginning: however often a file is
delivered, it becomes the same object.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from simlb.core.log_files import INTERVAL_S, LogPlace, interval_end
from simlb.core.log_kinds import LogKind
from simlb.observe.buckets import write_all

_NEW = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_READ_BYTES = 1 << 16
_DIGITS = string.ascii_lowercase + string.digits


class Sealed:
    """A file to which nothing is added any more: its first `size` bytes, all of them whole lines, become an object."""

    def __init__(self, path: Path, kind: LogKind, bucket: str, key: str, size: int) -> None:
        self.path = path
        self.kind = kind
        self.bucket = bucket
        self.key = key
        self.size = size

    def remove(self) -> None:
        """It has been delivered, or was empty. Raises OSError."""
        # The lines first: without them the other file means nothing.
        self.path.unlink(missing_ok=True)
        self.path.with_suffix(".json").unlink(missing_ok=True)


class OpenInterval:
    """One file that is written. Raises OSError where it cannot be made; nothing is left then."""

    def __init__(self, folder: Path, place: LogPlace, now_s: float) -> None:
        self.place = place
        self.end_s = interval_end(now_s)
        """The wall-clock second at which it is over."""
        self.size = 0
        """Bytes of whole lines."""
        digits = "".join(secrets.choice(_DIGITS) for _ in range(8))
        self.key = place.object_key(self.end_s, digits)
        end = datetime.fromtimestamp(self.end_s, UTC)
        name = f"{place.kind}-{place.resource.split('/')[1]}-{end:%Y%m%dT%H%MZ}-{digits}"
        self.path = folder / f"{name}.log"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = {"kind": place.kind, "bucket": place.bucket.bucket, "key": self.key}
        note_path = self.path.with_suffix(".json")
        try:
            descriptor = os.open(note_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                write_all(descriptor, json.dumps(note).encode())
            finally:
                os.close(descriptor)
            self._descriptor = os.open(self.path, _NEW, 0o600)
            _lock(self._descriptor)
        except OSError:
            # On a full disk even this may fail; a note without lines is removed at the next start.
            with contextlib.suppress(OSError):
                note_path.unlink()
            raise

    def covers(self, now_s: float) -> bool:
        """Whether this wall-clock second is in it."""
        return self.end_s - INTERVAL_S <= now_s < self.end_s

    def is_there(self) -> bool:
        """False when the file was removed or replaced behind our back, or its folder was."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def append(self, text: bytes) -> OSError | None:
        """Add whole lines. When that fails in the middle, the lines that got there stay and the torn one is cut off."""
        left = memoryview(text)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            self.size += text.rfind(b"\n", 0, len(text) - len(left)) + 1
            # Where not even this works, `size` tells what is delivered, and no line follows: the caller seals.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            return error
        self.size += len(text)
        return None

    @property
    def is_whole(self) -> bool:
        """True unless a torn line could not be cut off."""
        return os.fstat(self._descriptor).st_size == self.size

    def seal(self) -> Sealed:
        """Add no more."""
        os.close(self._descriptor)
        return Sealed(self.path, self.place.kind, self.place.bucket.bucket, self.key, self.size)


class Leftover:
    """What is left of an interval whose instance has ended without delivering it. `torn` is 1 for half a line."""

    def __init__(self, sealed: Sealed, torn: int) -> None:
        self.sealed = sealed
        self.torn = torn


def leftovers(folder: Path) -> Iterator[Leftover | Path]:
    """What earlier runs have left in this folder; a path for what is not understood. Files in use are passed over.

    Raises OSError.
    """
    for note_path in sorted(folder.glob("*.json")):
        path = note_path.with_suffix(".log")
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            # Its instance ended before the first line, or after the delivery.
            note_path.unlink(missing_ok=True)
            continue
        try:
            if not _lock(descriptor):
                continue
            try:
                note = json.loads(note_path.read_bytes())
                kind, bucket, key = LogKind(note["kind"]), str(note["bucket"]), str(note["key"])
            except (ValueError, KeyError, TypeError):
                yield note_path
                continue
            length = os.fstat(descriptor).st_size
            size = _whole_lines(descriptor, length)
            yield Leftover(Sealed(path, kind, bucket, key, size), int(size < length))
        finally:
            os.close(descriptor)


def _whole_lines(descriptor: int, length: int) -> int:
    """Where the last whole line ends."""
    end = length
    while end:
        start = max(0, end - _READ_BYTES)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _lock(descriptor: int) -> bool:
    """Say that the file is in use, for as long as the descriptor is open; False when somebody else has said so.

    Windows does not let others remove an open file, which is enough.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks: two instances of one name are refused elsewhere as well
    return True
