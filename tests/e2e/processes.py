"""What the system knows about the processes of a test: who is alive, who listens where, how much memory (Linux)."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "environ").exists()
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """A TCP socket that accepts. The inode tells it from a later one at the same port."""

    address: str
    port: int
    inode: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.address).is_loopback


def marked(mark: str) -> list[int]:
    """Living processes whose environment holds `mark`: all that a test started, orphans too."""
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark.encode() in (entry / "environ").read_bytes() and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        if not HAS_PROC:
            return True
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


def parent(pid: int) -> int:
    """The parent's process id."""
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def command_line(pid: int) -> str:
    """How a process was started; empty when it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def listening(pids: Iterable[int]) -> set[ListeningSocket]:
    """All TCP sockets of these processes that listen."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    return {found for found in all_listening() if found.inode in inodes}


def all_listening() -> Iterator[ListeningSocket]:
    """All TCP sockets of this machine that listen."""
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in (PROC / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING:
                    address, port = fields[1].split(":")
                    yield ListeningSocket(_address(address), int(port, 16), int(fields[9]))


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """Resident memory; with `VmHWM` its highest value since `forget_peak`."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field} in the status of process {pid}")


def forget_peak(pid: int) -> None:
    """Let `VmHWM` begin again (proc(5), clear_refs)."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def _socket_inodes(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for entry in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                target = os.readlink(entry)  # noqa: PTH115 - Path.readlink would make a path of `socket:[1234]`
                if target.startswith("socket:["):
                    yield int(target[8:-1])


def _address(text: str) -> str:
    # The kernel prints words of four bytes in the machine's own order.
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))
