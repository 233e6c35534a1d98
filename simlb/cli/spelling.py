"""How the user types things here: the simlb that runs now, and words quoted for the shell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def simlb_command(instance: str = "default") -> str:
    """What starts this very simlb from another terminal: `simlb`, `.venv/bin/simlb`, `python -m simlb` …

    With what else it needs to find the instance: a state folder of one's own, and a name other than `default`.
    """
    prefix = ""
    if (home := os.environ.get("SIMLB_HOME")) and sys.platform != "win32":
        prefix = f"SIMLB_HOME={quote(home)} "
    suffix = "" if instance == "default" else f" --instance {quote(instance)}"
    return f"{prefix}{_program()}{suffix}"


def quote(word: str) -> str:
    """`word` as the system's usual shell takes it for one word."""
    return subprocess.list2cmdline([word]) if sys.platform == "win32" else shlex.quote(word)


def short_path(path: Path) -> str:
    """Relative when it lies under the current folder, else absolute."""
    absolute = path.absolute()
    try:
        return str(absolute.relative_to(Path.cwd()))
    except ValueError:
        return str(absolute)


def _program() -> str:
    started = Path(sys.argv[0])
    if started.stem != "simlb":
        return f"{quote(short_path(Path(sys.executable)))} -m simlb"
    on_path = shutil.which("simlb")
    if on_path is not None and _same_file(Path(on_path), started):
        return "simlb"
    return quote(short_path(started))


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
