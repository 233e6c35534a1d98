"""Behaviours for tests: what each does is given as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simlb.dataplane.link import Link
from simlb.dataplane.points import Asked, Dial, Treatment, Wire
from tests.dataplane.harness import Rig, until


class Meddler:
    """Sets these fields of whatever it is told of. `only` says which requests, by what is asked."""

    def __init__(
        self,
        *,
        dial: dict[str, Any] | None = None,
        wire: dict[str, Any] | None = None,
        request: dict[str, Any] | None = None,
        only: Callable[[Asked], bool] = lambda asked: not asked.is_probe,
    ) -> None:
        self._dial = dial or {}
        self._wire = wire or {}
        self._request = request or {}
        self._only = only
        self.dials: list[Dial] = []
        self.wires: list[Wire] = []
        self.asked: list[Asked] = []

    def on_dial(self, dial: Dial) -> None:
        self.dials.append(dial)
        for name, value in self._dial.items():
            setattr(dial, name, value)

    def on_wire(self, wire: Wire) -> None:
        self.wires.append(wire)
        for name, value in self._wire.items():
            setattr(wire, name, value)

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        self.asked.append(asked)
        if self._only(asked):
            for name, value in self._request.items():
                setattr(treatment, name, value)


def meddle(rig: Rig, target: str = "i-01", **what: Any) -> Meddler:
    """Put a `Meddler` on the way to a target."""
    meddler = Meddler(**what)
    rig.node.interfere(target, meddler)
    return meddler


def links(rig: Rig) -> list[Link]:
    """The links of connections that clients' requests use."""
    transports = [connection.transport for pool in rig.node._pools.values() for connection in pool.connections]
    return [transport for transport in transports if isinstance(transport, Link)]


async def in_flight(rig: Rig, count: int = 1, group: str = "web") -> None:
    """Wait until so many requests are on their way to targets."""
    targets = rig.node.groups[group].targets
    await until(lambda: sum(state.outstanding for state in targets.values()) == count, f"{count} in flight")


async def settled(rig: Rig) -> None:
    """Wait until the clock waits for nothing."""
    await until(lambda: rig.clock._work == 0, "the clock's work is done")
