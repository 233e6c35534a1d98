"""What faults get hold of: the running instance as they see it. The application implements it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from random import Random
from typing import Any, Protocol

from simlb.clock import Clock
from simlb.core.model import Configuration
from simlb.dataplane.points import Behaviour


class ProcessSignal(Enum):
    """What can be done to a target's process at once, without asking it."""

    KILL = "kill"
    PAUSE = "pause"
    """SIGSTOP: it keeps its sockets and answers nothing."""
    RESUME = "resume"


ConfigurationChange = Callable[[Configuration], Configuration]


class Site(Protocol):
    """Called on the instance's loop. Targets, target groups and load balancers go by their configured names."""

    clock: Clock
    random: Random

    def configuration(self) -> Configuration:
        """What is in force now, faults included."""

    def is_own(self, target: str) -> bool:
        """Whether simlb started what serves as this target, and so may signal it."""

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        """Put a behaviour on the way to a target, in whichever groups it is; connections open until now are retired."""

    def release(self, target: str, behaviour: Behaviour) -> None:
        """Take it away again; the connections it had hold of are retired. Harmless when the target has gone."""

    def signal(self, target: str, signal: ProcessSignal) -> None:
        """Signal the process of an own target. Harmless when it does not run."""

    async def start(self, target: str) -> None:
        """Start the process of an own target, if it does not run."""

    async def stop(self, target: str) -> None:
        """End the process of an own target as `systemctl stop` would: SIGTERM, then SIGKILL."""

    async def restart(self, target: str) -> None:
        """Stop and start."""

    async def deregister(self, target: str) -> None:
        """Deregister a target wherever it is registered, and wait until it has drained."""

    async def register(self, target: str) -> None:
        """Register a target again that `deregister` took away."""

    async def change(self, change: ConfigurationChange) -> None:
        """Lay a change over the configuration, also over every later reload. Raises SimlbError when it does not fit."""

    async def undo(self, change: ConfigurationChange) -> None:
        """Take that change away again."""

    async def close_gate(self, key: object, load_balancer: str, ports: Sequence[int]) -> None:
        """Drop connections to these listeners until `open_gate` is called with the same key; survives reloads."""

    async def open_gate(self, key: object) -> None:
        """Undo `close_gate`."""

    def present(self, key: object, load_balancer: str, port: int, chain_pem: bytes, key_pem: bytes) -> None:
        """Present this certificate on an HTTPS listener in place of its own; survives reloads."""

    def present_own(self, key: object) -> None:
        """Undo `present`."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], None]:
        """Run something in the background until it ends or the returned function is called."""

    def listener_address(self, load_balancer: str, port: int) -> tuple[str, int]:
        """Where a listener's socket really is."""
