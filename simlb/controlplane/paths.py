"""Where simlb keeps its state, and what an instance may be called."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from simlb.errors import SimlbError

DEFAULT_INSTANCE = "default"

# A file name on every system, and nothing that leaves its folder.
_INSTANCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def default_state_dir() -> Path:
    """`$SIMLB_HOME`, else `%LOCALAPPDATA%\\simlb` on Windows, else `~/.simlb`. Nothing is created."""
    if home := os.environ.get("SIMLB_HOME"):
        return Path(home).expanduser().absolute()
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "simlb"
    return Path.home() / ".simlb"


def default_certs_dir(state_dir: Path) -> Path:
    """`$SIMLB_CERTS`, else `certs` in the state folder. Nothing is created."""
    if certs := os.environ.get("SIMLB_CERTS"):
        return Path(certs).expanduser().absolute()
    return state_dir / "certs"


def check_instance_name(name: str) -> str:
    """Give `name` back, or raise SimlbError E609 when it cannot name an instance."""
    if not _INSTANCE_NAME.fullmatch(name):
        raise SimlbError(
            "E609",
            f"'{name}' cannot name an instance.",
            "→ letters, digits, '.', '_' and '-', at most 64, starting with a letter or digit: --instance shop-2",
        )
    return name
