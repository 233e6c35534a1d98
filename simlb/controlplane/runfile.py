"""`run/<instance>.json`: how the command line finds a running instance, and how a second start of it is refused.

Written whole or not at all, readable by the owner only (it holds the control port's token). A file whose process is
gone is stale: it is passed over, and removed by whoever meets it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from simlb.controlplane.liveness import is_alive, process_start
from simlb.controlplane.paths import check_instance_name
from simlb.errors import SimlbError

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What a running instance writes down. `started` tells its process from a later one with the same id."""

    instance: str
    pid: int
    started: int | None
    control_host: str
    control_port: int
    token: str
    version: str
    ca_path: str | None = None
    access_log: str | None = None

    @property
    def is_alive(self) -> bool:
        """True while the process that wrote it lives."""
        return is_alive(self.pid, self.started, (self.control_host, self.control_port))


def new_token() -> str:
    """A fresh secret for the control port."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def ensure_free(state_dir: Path, instance: str) -> None:
    """Raise SimlbError E601 while an instance of that name runs. Early notice: `write` has the last word."""
    if (other := read(state_dir, instance)) is not None:
        raise _already_running(other)


def write(
    state_dir: Path,
    *,
    instance: str,
    control_host: str,
    control_port: int,
    token: str,
    version: str,
    ca_path: str | None = None,
    access_log: str | None = None,
) -> RunFile:
    """Write down that this process runs `instance`. Raises SimlbError E601 when a living process already does.

    E711 when the state folder cannot be written.
    """
    record = RunFile(
        instance=check_instance_name(instance),
        pid=os.getpid(),
        started=process_start(os.getpid()),
        control_host=control_host,
        control_port=control_port,
        token=token,
        version=version,
        ca_path=ca_path,
        access_log=access_log,
    )
    path = _path(state_dir, instance)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path):
            other = _load(path)
            if other is not None and other.is_alive and other.token != token:
                raise _already_running(other)
            _replace(path, json.dumps(asdict(record), indent=1))
    except OSError as error:
        raise SimlbError(
            "E711",
            f"The state folder {state_dir} cannot be written: {error.strerror or error}.",
            "→ another folder: SIMLB_HOME=/path/to/folder simlb …",
            "→ what simlb sees there: simlb doctor",
        ) from error
    return record


def read(state_dir: Path, instance: str) -> RunFile | None:
    """The living instance of that name, or None. A stale file is removed on the way."""
    path = _path(state_dir, check_instance_name(instance))
    record = _load(path)
    if record is not None and record.is_alive:
        return record
    if path.exists():
        _remove_if(path, lambda found: found is None or not found.is_alive)
    return None


def remove(state_dir: Path, record: RunFile) -> None:
    """Remove what `write` wrote; a file that is another's by now, and a missing one, are left alone."""
    _remove_if(_path(state_dir, record.instance), lambda found: found is not None and found.token == record.token)


def list_instances(state_dir: Path) -> list[RunFile]:
    """Every living instance, by name. Stale files are removed on the way."""
    try:
        names = sorted(path.stem for path in (state_dir / "run").glob("*.json"))
    except OSError:
        return []
    return [record for name in names if (record := read(state_dir, name)) is not None]


def _path(state_dir: Path, instance: str) -> Path:
    return state_dir / "run" / f"{instance}.json"


def _already_running(other: RunFile) -> SimlbError:
    return SimlbError(
        "E601",
        f"simlb is already running (pid {other.pid}, instance '{other.instance}').",
        "→ what it does: simlb status        → stop it: simlb down",
        "→ a second one beside it: --instance other",
    )


def _load(path: Path) -> RunFile | None:
    """What the file says; None when it is missing, damaged or of another make."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return RunFile(**{item.name: data[item.name] for item in fields(RunFile)})
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise SimlbError(
            "E712",
            f"{path} cannot be read: {error.strerror or error}.",
            "→ it belongs to another user? Use a state folder of your own: SIMLB_HOME=/path/to/folder simlb …",
        ) from error


def _replace(path: Path, text: str) -> None:
    # Mode 0600 from creation, not by a later chmod: the token must not be readable for an instant.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_if(path: Path, condition: Callable[[RunFile | None], bool]) -> None:
    # A folder that is read-only, or gone by now, has nothing that could be cleaned.
    with contextlib.suppress(OSError), locked(path):
        if condition(_load(path)):
            path.unlink()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside `path`, so that "look, then replace" of two starters cannot interleave.

    The lock file stays: removing it would let a third starter lock a different file of the same name. The system
    releases the lock of a process that dies.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            try:
                yield
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
    finally:
        os.close(descriptor)
