"""Private folders below the system's temporary one, with keys in them: gone with their process, however it ends.

A process removes its own. What one that was killed has left, a later one removes: the owner holds a lock on a file in
the folder for as long as it lives, and the operating system drops the lock when it dies. Only that is proof. Removed
is a folder, not a link to one, that lies right in the temporary folder, belongs to this user alone (0700) and holds
such a file of this user's that nobody has locked; and nothing outside it, whatever links there are in it.

Windows has neither these locks nor these modes: there nothing is removed but one's own.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simlb.certs.files import PRIVATE_MODE, try_lock

PREFIX = "simlb-"
OWNER_NAME = ".simlb-owner"
_MARK = b"A simlb holds a lock on this file while it uses this folder. Without the lock the folder may be removed.\n"
_PRIVATE_FOLDER_MODE = 0o700
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class Swept:
    """What killed processes had left: removed by now, or not to be removed, in words."""

    removed: tuple[Path, ...] = ()
    stuck: tuple[str, ...] = ()


class PrivateFolder:
    """A new one, which only this user can enter."""

    def __init__(self) -> None:
        """The first of a process also removes what killed ones have left. Raises OSError."""
        sweep_once()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            self._lock = _claim(self.path)
        except BaseException:
            shutil.rmtree(self.path)
            raise

    def close(self) -> None:
        """Remove it with all that lies in it. Harmless when repeated. Raises OSError."""
        lock, self._lock = self._lock, None
        if lock is None:
            if self.path.exists():
                shutil.rmtree(self.path)
            return
        with contextlib.ExitStack() as held:
            held.callback(os.close, lock)
            root = _opened(held, self.path.parent, _FOLDER)
            try:
                folder = _opened(held, self.path.name, _FOLDER, root)
            except FileNotFoundError:
                return
            _remove(root, self.path.name, folder)


def sweep() -> Swept:
    """Remove what processes of this user's that were killed have left in the temporary folder."""
    if sys.platform == "win32":
        return Swept()
    place = Path(tempfile.gettempdir())
    removed, stuck = [], []
    with contextlib.ExitStack() as held:
        try:
            root = _opened(held, place, _FOLDER)
            names = sorted(name for name in os.listdir(root) if name.startswith(PREFIX))  # noqa: PTH208 - a descriptor
        except OSError as error:
            return Swept(stuck=(f"{place}: {error.strerror}",))
        for name in names:
            try:
                if _is_removed(root, name):
                    removed.append(place / name)
            except OSError as error:
                stuck.append(f"{place / name}: {error.strerror}")
    return Swept(tuple(removed), tuple(stuck))


@functools.cache
def sweep_once() -> None:
    """Once in a process, by whoever comes first. What does not work is for the doctor to say, and for the next one."""
    sweep()


def _claim(folder: Path) -> int | None:
    """Lock the owner's file, which comes into being as a locked one: nobody ever sees it without its owner."""
    if sys.platform == "win32":
        return None
    coming = folder / f"{OWNER_NAME}-coming"
    descriptor = os.open(coming, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    try:
        os.write(descriptor, _MARK)
        if try_lock(descriptor):
            coming.rename(folder / OWNER_NAME)
        # Else the file system knows no locks, or somebody plays with it: then the folder is never swept up.
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _is_removed(root: int, name: str) -> bool:
    """Remove that folder if it was left. Raises OSError when it was, and cannot be removed."""
    with contextlib.ExitStack() as held:
        try:
            folder = _opened(held, name, _FOLDER, root)
            owner = _opened(held, OWNER_NAME, os.O_RDWR, folder)
        except OSError:
            return False  # a file, a link, another user's, or one without an owner: not provably ours
        if not (_is_private(os.fstat(folder)) and _is_mark(owner) and try_lock(owner)):
            return False
        _remove(root, name, folder)
        return True


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == _PRIVATE_FOLDER_MODE


def _is_mark(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    is_own_file = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1
    return is_own_file and os.pread(descriptor, len(_MARK) + 1, 0) == _MARK


def _remove(root: int, name: str, folder: int) -> None:
    """All within `folder`, which is `name` in `root`; what proves whose it is last, so that a next try finds it."""
    for entry in os.listdir(folder):
        if entry != OWNER_NAME:
            if stat.S_ISDIR(os.stat(entry, dir_fd=folder, follow_symlinks=False).st_mode):
                shutil.rmtree(entry, dir_fd=folder)
            else:
                os.unlink(entry, dir_fd=folder)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(OWNER_NAME, dir_fd=folder)
    os.rmdir(name, dir_fd=root)


def _opened(held: contextlib.ExitStack, path: Path | str, flags: int, folder: int | None = None) -> int:
    descriptor = os.open(path, flags | (_NO_LINK if folder is not None else 0), dir_fd=folder)
    held.callback(os.close, descriptor)
    return descriptor
