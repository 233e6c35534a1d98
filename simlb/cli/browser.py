"""Opening a page in the user's browser, where there is one to be seen."""

from __future__ import annotations

import os
import sys


def can_open() -> bool:
    """Whether a browser would appear on this user's screen, rather than in the terminal or nowhere."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(address: str) -> bool:
    """Open it; False where no browser could be started."""
    if not can_open():
        return False
    import webbrowser  # 20 ms that only this costs

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
