"""What all faults on the way to a target have in common: a behaviour per target, put there and taken away again."""

from __future__ import annotations

from collections.abc import Callable

from simlb.dataplane.points import Asked, Behaviour, Dial, Treatment, Wire
from simlb.faults.fault import Order
from simlb.faults.site import Site

SELECTORS = frozenset({"match", "percent", "count", "every", "pattern"})
CHECK_SELECTORS = SELECTORS - {"match"}
"""Of faults that are about health checks alone, which are numbered there."""


class Passive:
    """A behaviour that does nothing: faults say what they do otherwise."""

    def on_dial(self, dial: Dial) -> None:
        """A connection is about to be made."""

    def on_wire(self, wire: Wire) -> None:
        """A connection has been made."""

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """A request is about to go out on a connection."""


class TargetFault:
    """A `Fault` that is a behaviour on each of its targets."""

    def __init__(self, order: Order, make: Callable[[Order, Site], Behaviour]) -> None:
        """`make` is called once for each target."""
        self._order = order
        self._make = make
        self._installed: list[tuple[str, Behaviour]] = []

    async def install(self, site: Site) -> None:
        """Interfere with every target."""
        for target in self._order.on:
            behaviour = self._make(self._order, site)
            self._installed.append((target, behaviour))
            site.interfere(target, behaviour)

    async def remove(self, site: Site) -> None:
        """Release them."""
        for target, behaviour in self._installed:
            site.release(target, behaviour)
        self._installed.clear()


def on_targets(make: Callable[[Order, Site], Behaviour]) -> Callable[[Order], TargetFault]:
    """The `build` of a fault type whose behaviours `make` makes."""
    return lambda order: TargetFault(order, make)
