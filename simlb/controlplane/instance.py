"""What the control port asks of the application it belongs to."""

from __future__ import annotations

from typing import Protocol

from simlb.controlplane.views import InstanceView, LogPage, TargetChange
from simlb.core.log_kinds import LogKind


class Instance(Protocol):
    """A running simlb as its control port, its keys and its terminal see it. Every method is called on its own loop."""

    def view(self) -> InstanceView:
        """How everything stands now."""

    async def kill_target(self, name: str) -> str:
        """End the target's process with SIGKILL and say so in a sentence; its state changes only by what probes see.

        Raises SimlbError E302 for a name that does not exist, E303 for a target whose process simlb did not start.
        """

    async def restart_target(self, name: str) -> str:
        """Start the target's process again, ending a living one first; a sentence about it. Raises as `kill_target`."""

    async def register_target(self, target_group: str, url: str, name: str | None) -> TargetChange:
        """Register the target at `url` (or `ADDRESS:PORT`) in a group; one that drains there is registered again.

        Raises SimlbError E304 for an unknown group, E305 when address or name are taken, E401, E502, E505 or E506 for a
        name or URL that no target can have.
        """

    async def deregister_target(self, name: str, target_group: str | None = None) -> TargetChange:
        """Deregister the target of that name or address: no new requests, gone after the deregistration delay.

        Without a group the one that has it. Raises SimlbError E302 for an unknown target, E304 for an unknown group,
        E306 when several groups have that target.
        """

    async def reload(self) -> str:
        """Read the configuration again and serve it; a sentence about it.

        Raises SimlbError when it is bad, and keeps the old one.
        """

    def log_lines(self, after: int, limit: int, kind: LogKind = LogKind.ACCESS) -> LogPage:
        """Log lines of one kind, numbered from 0 since the start: from number `after` on, at most `limit` of them.

        A negative `after` asks for the last `-after` lines. `next` of the page is the `after` of the next question.
        """

    def request_stop(self) -> None:
        """Begin the graceful stop; returns at once."""
