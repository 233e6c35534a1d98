"""How many connections the process's file descriptors allow, so that they are never all gone.

Without a bound the last descriptor goes to a client. Then no target can be dialled, every probe fails as if its target
were dead, the access log cannot be opened again, and the standard event loop spins on `accept`. So clients beyond the
bound are closed as soon as they connect (CloudWatch's RejectedConnectionCount), and those that are connected go on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

from simlb.core.events import Notice

LIMIT_MAX = 65_536
"""More is not asked for: the limit passes on to target processes, and some programs walk through all of it."""

_FOLDER = Path("/dev/fd")
_UNKNOWN = 64
_SPARE_MIN, _SPARE_MAX = 16, 1024
_ROOM_AGAIN = 0.9


def raise_limit() -> int | None:
    """Ask for as many descriptors as the system lets this process have, up to `LIMIT_MAX`.

    Gives back how many it may have now; None where there is no such limit (Windows).
    """
    try:
        import resource
    except ImportError:
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = LIMIT_MAX if hard == resource.RLIM_INFINITY else min(hard, LIMIT_MAX)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return None if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft  # macOS names a hard limit that the kernel does not grant
    return wanted


def count_open() -> int:
    """How many descriptors this process has open; a guess where the system does not tell."""
    try:
        return len(os.listdir(_FOLDER)) - 1  # noqa: PTH208 - the listing itself has one; names are not looked at
    except OSError:
        return _UNKNOWN


class DescriptorBudget:
    """Shared by all nodes of a process. `limit` None means that there is no bound."""

    def __init__(self, limit: int | None = None, notify: Callable[[Notice], None] = lambda notice: None) -> None:
        """`notify` is told once when the room is gone and once when there is room again."""
        self.limit = limit
        self.rejected = 0
        """Client connections turned away so far."""
        self._notify = notify
        self._users: list[Callable[[], int]] = []
        self._arriving = 0
        self._at_most = 0
        """No more connections than this can be open: each is admitted here, and counting afresh only lowers it."""
        self._is_full = False
        self._clients_max = 0
        self._sockets_max = 0
        self._spare = _SPARE_MAX
        if limit is not None:
            self._spare = max(_SPARE_MIN, min(limit // 4, _SPARE_MAX))
            self._share_out(limit, _UNKNOWN)

    @property
    def accept_burst(self) -> int:
        """How many connections an event loop may accept in one go.

        The standard loop accepts several such bursts before the first one that is turned away is really closed.
        """
        return self._spare // 8

    def join(self, sockets_in_use: Callable[[], int]) -> None:
        """A node begins; `sockets_in_use` counts its connections, to clients and to targets."""
        self._users.append(sockets_in_use)

    def leave(self, sockets_in_use: Callable[[], int]) -> None:
        """A node has ended, perhaps for the second time."""
        if sockets_in_use in self._users:
            self._users.remove(sockets_in_use)

    def measure(self) -> None:
        """Find out what everything but connections takes: listeners, pipes to processes, files. Takes microseconds."""
        if self.limit is not None:
            self._share_out(self.limit, max(0, count_open() - self.in_use()))

    def _share_out(self, limit: int, taken_otherwise: int) -> None:
        # What is spare serves the targets of clients that are connected already; the last half of it is not even for
        # them but for probes, the control port and files.
        self._clients_max = max(1, limit - taken_otherwise - self._spare)
        self._sockets_max = self._clients_max + self._spare // 2

    def in_use(self) -> int:
        """Connections of all nodes."""
        return sum([count() for count in self._users])

    def admits_client(self) -> bool:
        """Whether a connection that has just been accepted may stay. Counts those that are not."""
        if self.limit is None:
            return True
        if self._at_most >= self._clients_max and self._count() >= self._clients_max:
            self._reject()
            return False
        self._at_most += 1
        # Several are accepted before the first of them counts as a connection of its node.
        if self._arriving == 0:
            asyncio.get_running_loop().call_soon(self._arrived)
        self._arriving += 1
        return True

    def admits_target(self) -> bool:
        """Whether one more connection to a target may be made."""
        if self.limit is None:
            return True
        if self._at_most >= self._sockets_max and self._count() >= self._sockets_max:
            return False
        self._at_most += 1
        return True

    def _count(self) -> int:
        """Count afresh, which takes a while with a thousand targets. Nodes do not count yet what is arriving."""
        self._at_most = self._arriving + self.in_use()
        return self._at_most

    def check(self) -> None:
        """Called by the nodes' sweeps: tell when the shortage is over."""
        if self._is_full and self.in_use() <= self._clients_max * _ROOM_AGAIN:
            self._is_full = False
            self._notify(
                Notice(level="info", text=f"There is room for clients again; {self.rejected} were turned away so far.")
            )

    def _arrived(self) -> None:
        self._arriving = 0

    def _reject(self) -> None:
        self.rejected += 1
        if self._is_full:
            return
        self._is_full = True
        self._notify(
            Notice(
                level="warning",
                code="E105",
                text=f"{self.in_use()} connections are all that {self.limit} file descriptors allow: "
                "new clients are turned away until others leave.",
                hints=("→ ulimit -n 8192, then start simlb again; or have clients close what they do not use",),
            )
        )


class TurnedAway(asyncio.Protocol):
    """A client connection for which there is no descriptor to spare: closed as soon as it is there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close."""
        cast("asyncio.WriteTransport", transport).abort()
