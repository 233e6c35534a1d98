"""Is a process still the one that was written down? A process id alone is not enough: systems reuse them."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

_PROBE_TIMEOUT_S = 0.5


def is_alive(pid: int, started: int | None, control: tuple[str, int]) -> bool:
    """True while process `pid`, begun at `started`, lives.

    Where the system does not tell when a process began, one that lives counts only if its control port answers.
    """
    if started is not None:
        return process_start(pid) == started
    return _exists(pid) and _listens(control)


def _listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, _PROBE_TIMEOUT_S).close()
    except OSError:
        return False
    return True


if sys.platform == "win32":

    def process_start(pid: int) -> int | None:
        """When the process began: equal for the same process, different for a later one; None when there is none."""
        # os.kill(pid, 0) would send Ctrl-C there; the system's own question is harmless.
        import ctypes
        from ctypes import wintypes

        query_limited_information, still_active = 0x1000, 259
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = wintypes.HANDLE(kernel.OpenProcess(query_limited_information, False, pid))
        if not handle:
            return None
        try:
            status = wintypes.DWORD()
            if not kernel.GetExitCodeProcess(handle, ctypes.byref(status)) or status.value != still_active:
                return None
            created, *others = (wintypes.FILETIME() for _ in range(4))
            if not kernel.GetProcessTimes(handle, ctypes.byref(created), *(ctypes.byref(other) for other in others)):
                return None
            return int(created.dwHighDateTime) << 32 | int(created.dwLowDateTime)
        finally:
            kernel.CloseHandle(handle)

    def _exists(pid: int) -> bool:
        return process_start(pid) is not None

else:

    def process_start(pid: int) -> int | None:
        """When the process began, in the system's own ticks: equal for the same process, different for a later one.

        None when there is no such process, when it is a zombie, or when this system does not tell.
        """
        try:
            # The name in parentheses may itself hold blanks and parentheses; field 3 follows the last one (proc(5)).
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else int(fields[19])

    def _exists(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
