"""The certificates directory, which several processes share: atomic writes, one writer at a time, one error text."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from simlb.certs.codes import DIRECTORY_BUSY, DIRECTORY_UNUSABLE
from simlb.errors import SimlbError

_LOCK_NAME = ".lock"
_TEMPORARY_SUFFIX = ".unfinished-write"
_LOCK_PATIENCE_S = 15.0
_RETRY_S = 0.01
_WINDOWS_REPLACE_ATTEMPTS = 100

PRIVATE_MODE = 0o600
PUBLIC_MODE = 0o644
_OTHERS = 0o077

_LOCK_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}  # the last two are what Windows answers


@contextlib.contextmanager
def coded_errors(directory: Path) -> Iterator[None]:
    """Turn whatever the operating system refuses in here into SimlbError E206."""
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else directory
        raise SimlbError(
            DIRECTORY_UNUSABLE,
            f"The certificates directory {directory} cannot be used: {error.strerror or error} ({where})",
            "simlb keeps its local CA there: give yourself the right to read and write it, or name another directory.",
        ) from error


@contextlib.contextmanager
def exclusive(directory: Path, *, patience_s: float = _LOCK_PATIENCE_S) -> Iterator[None]:
    """Be the only writer of `directory`, made if need be, among all threads and processes of this machine.

    The operating system holds the lock and drops it when its holder dies, so that there are no stale ones; the empty
    lock file stays. Waits up to `patience_s` real seconds, then raises SimlbError E208. Raises OSError when the
    directory cannot be made or written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / _LOCK_NAME, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    try:
        deadline = time.monotonic() + patience_s
        while not try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise SimlbError(
                    DIRECTORY_BUSY,
                    f"Another process has been writing to {directory} for {patience_s:g} s.",
                    "Is a simlb stopped or hanging there? End it and start again.",
                )
            time.sleep(_RETRY_S)
        # All writers hold the lock: a temporary file seen here was left by one that died.
        for leftover in directory.glob(f"*{_TEMPORARY_SUFFIX}"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path` so that a reader sees the old file or the new one, never a part.

    The file has `mode` from its first byte on (Windows: the directory's access list decides). Raises OSError.
    """
    temporary = path.with_name(f"{path.name}-{os.urandom(8).hex()}{_TEMPORARY_SUFFIX}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def tighten(path: Path) -> bool:
    """Take a key file away from other users; True when they could read it and now cannot. Raises OSError.

    Some mounts (Windows drives under WSL) have one fixed mode: that is no reason to refuse to work.
    """
    if os.name != "posix" or not path.stat().st_mode & _OTHERS:
        return False
    with contextlib.suppress(PermissionError):
        path.chmod(PRIVATE_MODE)
    return not path.stat().st_mode & _OTHERS


def _replace(source: Path, destination: Path) -> None:
    if sys.platform == "win32":
        # Windows refuses while somebody has the destination open, if only for the millisecond of reading it.
        for _ in range(_WINDOWS_REPLACE_ATTEMPTS):
            try:
                source.replace(destination)
            except PermissionError:
                time.sleep(_RETRY_S)
            else:
                return
    source.replace(destination)


def try_lock(descriptor: int) -> bool:
    """Lock an open file for as long as it is open, here or in a copy of the descriptor; False when another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _LOCK_HELD:
            return False
        raise
    return True
