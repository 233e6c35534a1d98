"""What faults get hold of: the running instance as they see it. The application implements it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum
from random import Random
from typing import Any, Protocol

from simlb.clock import Clock
from simlb.core.model import Certificate, Configuration
from simlb.dataplane.points import Behaviour

ConfigurationChange = Callable[[Configuration], Configuration]
"""A function of the configuration without it; told apart from others by identity."""


class CertificateFlaw(Enum):
    """What is wrong with a certificate that a fault presents."""

    WRONG_NAME = "wrong name"
    """Nothing but its names: issued by the authority that clients trust."""
    EXPIRED = "expired"
    """Its names are right and its issuer is trusted, but its time ended yesterday."""
    UNTRUSTED = "untrusted"
    """Its names and dates are right, but nobody knows its issuer."""


class OwnTarget(Protocol):
    """What serves as a target and belongs to simlb: a process under its wrapper, or a fake in this very process."""

    def kill(self) -> bool:
        """End it now, as SIGKILL does. False when it does not run."""

    def pause(self) -> bool:
        """Let it keep its sockets and do nothing, as SIGSTOP does. False when it does not run."""

    def resume(self) -> bool:
        """Let it go on. False when it does not run."""

    async def start(self) -> None:
        """Start it, unless it runs. Raises SimlbError when it cannot."""

    async def stop(self) -> None:
        """End it as `systemctl stop` would; back when it has ended."""

    async def restart(self) -> None:
        """Stop and start."""


class Site(Protocol):
    """Called on the instance's loop. Targets, target groups and load balancers go by their configured names.

    A `key` is whatever tells one fault from another: what several have done to one thing lasts until the last of them
    has taken it back.
    """

    @property
    def clock(self) -> Clock:
        """The load balancer's time."""

    @property
    def random(self) -> Random:
        """Where draws come from that no seed was given for."""

    def times(self) -> tuple[float, float]:
        """Load-balancer seconds and real seconds since the instance started."""

    def configuration(self) -> Configuration:
        """What file and commands say, without what faults have changed."""

    def targets(self) -> Mapping[str, Sequence[str]]:
        """The names of each target group's targets, those that drain last."""

    def is_own(self, target: str) -> bool:
        """Whether simlb started what serves as this target, and so may signal it."""

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        """Put a behaviour on the way to a target, in whichever groups it is; connections open until now are retired."""

    def release(self, target: str, behaviour: Behaviour) -> None:
        """Take it away again; the connections it had hold of are retired. Harmless when the target has gone."""

    async def take_down(self, key: object, target: str, *, kill: bool) -> None:
        """End what serves as an own target, by force or politely, and keep it ended, also through reloads."""

    async def bring_up(self, key: object, target: str) -> None:
        """Undo `take_down`: start it again. Harmless when repeated, and when the target has gone."""

    def pause(self, key: object, target: str) -> None:
        """Pause an own target, and keep it paused, also when it is started anew."""

    def resume(self, key: object, target: str) -> None:
        """Undo `pause`. Harmless when repeated, and when the target has gone."""

    async def restart(self, target: str) -> None:
        """Stop and start an own target. Raises SimlbError E641 when a fault keeps it down or paused."""

    async def change(self, change: ConfigurationChange) -> None:
        """Lay a change over the configuration, also over every later reload. Raises SimlbError when it does not fit."""

    async def undo(self, change: ConfigurationChange) -> None:
        """Take that change away again. Harmless when it is not there."""

    async def drained(self, target: str) -> None:
        """Wait until a target that is deregistered everywhere has drained everywhere."""

    async def issue(self, flaw: CertificateFlaw, names: Sequence[str]) -> Certificate:
        """A certificate with that flaw for these names, as files of the instance. Raises SimlbError."""

    def discard(self, certificate: Certificate) -> None:
        """Remove the files of what `issue` gave. Harmless when they have gone."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], None]:
        """Run something in the background until it ends or the returned function is called."""

    def listener_address(self, load_balancer: str, port: int) -> tuple[str, int]:
        """Where a listener's socket can be reached from here."""
