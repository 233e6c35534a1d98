"""A rig as faults see it, and faults installed there by their type."""

from __future__ import annotations

from random import Random
from typing import cast

from simlb.dataplane.exchange import Exchange
from simlb.dataplane.points import Behaviour
from simlb.faults.fault import Fault, FaultType, Order, Value
from simlb.faults.selection import Selection, Selector
from simlb.faults.site import Site
from tests.dataplane.harness import Rig, until


class RigSite:
    """As much of a `Site` as faults on targets use."""

    def __init__(self, rig: Rig) -> None:
        self.node = rig.node
        self.clock = rig.clock
        self.random = Random(7)

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        self.node.interfere(target, behaviour)

    def release(self, target: str, behaviour: Behaviour) -> None:
        self.node.release(target, behaviour)


class Installed:
    """A fault that is installed, and its removal."""

    def __init__(self, fault: Fault, site: Site, selector: Selector) -> None:
        self._fault = fault
        self._site = site
        self.selector = selector

    async def remove(self) -> None:
        await self._fault.remove(self._site)


def order(fault_type: FaultType, *on: str, selection: Selection | None = None, **values: Value) -> Order:
    """An order as the book gives it: defaults filled in."""
    defaults = {
        parameter.name: parameter.default for parameter in fault_type.parameters if parameter.default is not None
    }
    missing = [
        p.name for p in fault_type.parameters if p.default is None and not p.is_optional and p.name not in values
    ]
    unknown = values.keys() - {parameter.name for parameter in fault_type.parameters}
    assert not missing, missing
    assert not unknown, unknown
    return Order(
        name="f1",
        on=on or ("i-01",),
        load_balancer=None,
        values={**defaults, **values},
        selector=Selector(selection or Selection(), Random(7)),
    )


async def install(
    rig: Rig, fault_type: FaultType, *on: str, selection: Selection | None = None, **values: Value
) -> Installed:
    """Install a fault on targets of a rig, `i-01` where none is named."""
    site = cast("Site", RigSite(rig))
    ordered = order(fault_type, *on, selection=selection, **values)
    fault = fault_type.build(ordered)
    await fault.install(site)
    return Installed(fault, site, ordered.selector)


async def in_flight(rig: Rig, count: int = 1) -> None:
    """Wait until so many requests are on their way to targets."""
    targets = rig.node.groups["web"].targets
    await until(lambda: sum(state.outstanding for state in targets.values()) == count, f"{count} in flight")


def reused(rig: Rig) -> list[bool]:
    """Of each record, whether it went over a connection that had served before."""
    return [not cast("Exchange", record).is_first_on_connection for record in rig.records]
