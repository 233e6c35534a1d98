"""Buckets as folders: `<state>/s3/<bucket>/<key>`, written whole or not at all, and never outside of the bucket.

Every folder on the way is opened from the one above it without following symbolic links. Where the system cannot do
that (Windows), links are looked for instead.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from simlb.core.attributes import AttributeValueError
from simlb.core.attributes.log_bucket import check_bucket

_IS_RELATIVE = {os.open, os.mkdir, os.rename, os.unlink} <= os.supports_dir_fd
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_READ = (
    os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
)  # a pipe that nobody writes to holds nobody up


class ObjectWriter:
    """An object on its way into a bucket. `commit` puts it in its place, replacing what is there; `abort` forgets it.

    Raises OSError, also for a key that is no path below the bucket and for a symbolic link on the way.
    """

    def __init__(self, root: Path, bucket: str, key: str) -> None:
        """`root` is the folder of all buckets; it is made if need be."""
        *folders, self._name = key.split("/")
        _check(bucket, (*folders, self._name))
        # Always the same name: what a crash has left half written is written over by the next attempt.
        self._draft = f".{self._name}.part"
        root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = root.joinpath(bucket, *folders)
        self._folder = _open_folder(root.parent, (root.name, bucket, *folders)) if _IS_RELATIVE else None
        try:
            if self._folder is None:
                _make_folders(root.parent, self._path)
            self._descriptor = os.open(self._where(self._draft), _NEW, 0o600, dir_fd=self._folder)
        except BaseException:
            self._close_folder()
            raise

    def _where(self, name: str) -> str:
        return name if self._folder is not None else str(self._path / name)

    @property
    def descriptor(self) -> int:
        """Where to write."""
        return self._descriptor

    def commit(self) -> None:
        """Everything is written: make it safe on the disk, and visible."""
        try:
            os.fsync(self._descriptor)
        except BaseException:
            self.abort()
            raise
        os.close(self._descriptor)
        try:
            os.replace(
                self._where(self._draft),
                self._where(self._name),
                src_dir_fd=self._folder,
                dst_dir_fd=self._folder,
            )
        except OSError:
            self._remove_draft()
            raise
        finally:
            self._close_folder()

    def abort(self) -> None:
        """Leave nothing behind."""
        os.close(self._descriptor)
        self._remove_draft()
        self._close_folder()

    def _remove_draft(self) -> None:
        # It may have been removed with its folder; what cannot be removed is written over by the next attempt.
        with contextlib.suppress(OSError):
            os.unlink(self._where(self._draft), dir_fd=self._folder)

    def _close_folder(self) -> None:
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None


def _check(bucket: str, parts: tuple[str, ...]) -> None:
    """What comes from a configuration has been checked; what comes from a file of an earlier run has not."""
    try:
        check_bucket(bucket)
    except AttributeValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
    if not bucket or not all(part.strip(".") and not {"\0", "\\"} & set(part) for part in parts):
        raise OSError(errno.EINVAL, f"'{bucket}/{'/'.join(parts)}' is no path below a bucket")


def read_object(root: Path, bucket: str, key: str, max_bytes: int) -> bytes:
    """The first `max_bytes` of an object. Raises OSError, as `ObjectWriter`, also for what is no plain file."""
    *folders, name = key.split("/")
    _check(bucket, (*folders, name))
    if not _IS_RELATIVE:
        path = root.joinpath(bucket, *folders, name)
        if path.resolve() != root.resolve() / path.relative_to(root):
            raise _link_error(key)
        return _read(os.open(path, _READ), max_bytes)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in (bucket, *folders):
            inner = _open_part(part, folder)
            os.close(folder)
            folder = inner
        return _read(_open_part(name, folder, _READ), max_bytes)
    finally:
        os.close(folder)


def _read(descriptor: int, max_bytes: int) -> bytes:
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        return file.read(max_bytes)


def put_object(root: Path, bucket: str, key: str, data: bytes) -> None:
    """Write a small object. Raises OSError."""
    writer = ObjectWriter(root, bucket, key)
    try:
        write_all(writer.descriptor, data)
    except OSError:
        writer.abort()
        raise
    writer.commit()


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _open_folder(above: Path, parts: tuple[str, ...]) -> int:
    """Open a folder below `above` part by part, making what is missing."""
    folder = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=folder)
            inner = _open_part(part, folder)
            os.close(folder)
            folder = inner
    except BaseException:
        os.close(folder)
        raise
    return folder


def _open_part(part: str, folder: int, flags: int = _FOLDER) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except OSError:
        # What the system says of a link depends on the system.
        if stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
            raise _link_error(part) from None
        raise


def _link_error(part: str) -> OSError:
    return OSError(errno.ELOOP, f"'{part}' is a symbolic link, which is not followed")


def _make_folders(above: Path, path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if path.resolve() != above.resolve() / path.relative_to(above):
        raise _link_error(str(path.relative_to(above)))
