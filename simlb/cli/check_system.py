"""The doctor's questions about Python, the clock, limits, folders and other instances."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import simlb
from simlb.cli.findings import Finding, failure, fine, warning
from simlb.controlplane.runfile import RunFile

_FILES_WANTED = 4096
_FILES_SUGGESTED = 65536
_MEBIBYTE = 1 << 20
_DISK_LITTLE = 1024 * _MEBIBYTE
_DISK_TOO_LITTLE = 50 * _MEBIBYTE


def python() -> Iterator[Finding]:
    """Which Python, and whether it was built for speed."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS")
    if not arguments:
        build = "the build does not say how it was optimised"
    elif "--enable-optimizations" in arguments:
        build = "optimised build (PGO)"
    else:
        build = "a build without PGO, 10-20 % slower than an optimised one"
    yield fine("Python", f"{platform.python_version()} {platform.python_implementation()}, {build}, {sys.executable}")


def uvloop() -> Iterator[Finding]:
    """The faster event loop, where the platform has one."""
    try:
        yield fine("uvloop", importlib.metadata.version("uvloop"))
    except importlib.metadata.PackageNotFoundError:
        if sys.platform == "win32":
            yield fine("uvloop", "not made for Windows; Python's own loop is used")
        else:
            yield warning("uvloop", "not installed; Python's own, slower loop is used", "→ pip install uvloop")


def clock() -> Iterator[Finding]:
    """A wall clock in the past makes every certificate invalid."""
    installed = Path(simlb.__file__).stat().st_mtime
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    if time.time() < installed:
        yield failure(
            "clock", f"{now} lies before the day simlb was installed", "→ set the clock: certificates need it"
        )
    else:
        yield fine("clock", now)


def file_limit() -> Iterator[Finding]:
    """How many connections may be open at once. Windows has no such limit."""
    if sys.platform == "win32":
        yield from ()
    else:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            yield fine("open files", "unlimited")
        elif soft >= _FILES_WANTED:
            yield fine("open files", f"{soft} at most")
        else:
            reachable = _FILES_SUGGESTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_SUGGESTED)
            hint = f"→ before a load test: ulimit -n {reachable}"
            yield warning("open files", f"{soft} at most (every request needs up to two)", hint)


def folder(check: str, path: Path) -> Iterator[Finding]:
    """Can a folder be written, or made?"""
    existing = _nearest_existing(path)
    hint = "→ another one: SIMLB_HOME=/path/to/folder (state), SIMLB_CERTS=/path/to/folder (certificates)"
    if not existing.is_dir():
        yield failure(check, f"{path}: {existing} is no folder", hint)
    elif not os.access(existing, os.W_OK | os.X_OK):
        yield failure(check, f"{path}: {existing} cannot be written", hint)
    else:
        yield fine(check, f"{path}" + ("" if existing == path else " (not there yet)"))


def disk(path: Path) -> Iterator[Finding]:
    """Room for logs and keys."""
    free = shutil.disk_usage(_nearest_existing(path)).free
    text = f"{free / (1 << 30):.1f} GiB free"
    if free < _DISK_TOO_LITTLE:
        yield failure("disk", text, "→ access logs and certificates need room")
    elif free < _DISK_LITTLE:
        yield warning("disk", text, "→ access logs grow with traffic")
    else:
        yield fine("disk", text)


def instances(running: Sequence[RunFile]) -> Iterator[Finding]:
    """Who else runs."""
    if not running:
        yield fine("running instances", "none")
    for record in running:
        where = f"{record.control_host}:{record.control_port}"
        yield fine("running instance", f"{record.instance}, pid {record.pid}, control port {where}")


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())
