"""Free ports for target processes, and who holds a port that is not free."""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
from pathlib import Path

_LISTEN = "0A"  # TCP_LISTEN as /proc/net/tcp writes it
LASTING = range(20_000, 32_000)
"""Ports that no system gives to connections or to sockets bound to port 0: those of Linux begin at 32768."""
_TRIES = 64


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """`count` different TCP ports that are free on `host` now.

    All are held until the last is chosen, so none comes twice. They are then let go. Until the process it is meant for
    opens it, one is lost only to somebody who wants this very port; that process reports it itself.

    Raises:
        OSError: `host` is not an address of this machine, or no port is left.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as held:
        return [_take(held.enter_context(socket.socket(family)), host) for _ in range(count)]


def _take(holder: socket.socket, host: str) -> int:
    """Bind to a lasting port, drawn at random since others draw too; where too many are taken, to any free one."""
    for _ in range(_TRIES):
        try:
            holder.bind((host, secrets.choice(LASTING)))
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
        else:
            break
    else:
        holder.bind((host, 0))
    return int(holder.getsockname()[1])


def port_owner(port: int) -> str | None:
    """Who listens on TCP `port` on any address, as `java (pid 4121)`.

    None when nobody does or the system does not tell: only Linux does, and only of the caller's own processes (of all,
    to the administrator); of others it tells the user: `a process of user postgres`.
    """
    listeners = _listeners(port)
    if not listeners:
        return None
    wanted = {f"socket:[{inode}]" for inode in listeners}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds_socket(process, wanted):
            with contextlib.suppress(OSError):  # it has just ended
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return f"a process of {_user(next(iter(listeners.values())))}"


def _listeners(port: int) -> dict[str, int]:
    """Inode and user id of each socket that listens on `port` (proc(5), /proc/net/tcp)."""
    found: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:  # not Linux, or no IPv6
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found[fields[9]] = int(fields[7])
    return found


def _holds_socket(process: Path, wanted: set[str]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # somebody else's process, or it has just ended
        return False
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()) in wanted:
                return True
    return False


def _user(user_id: int) -> str:
    import pwd  # POSIX only, and here only Linux comes

    try:
        return f"user {pwd.getpwuid(user_id).pw_name}"
    except KeyError:
        return f"user id {user_id}"
