"""A rig as faults see it, and faults installed there by their type."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from random import Random
from typing import Any, cast

from simlb.core.model import HealthCheck, Protocol
from simlb.core.target_group import TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.points import Behaviour
from simlb.faults.fault import Fault, FaultType, Order, Value
from simlb.faults.selection import Selection, Selector
from simlb.faults.site import Site
from tests.dataplane.behaviours import in_flight
from tests.dataplane.harness import GET, OK, Client, Rig, Script, answer
from tests.dataplane.tls_targets import secure_target

__all__ = ["in_flight"]

POST = b"POST /orders HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 10\r\n\r\n"


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

    def remove(self) -> Awaitable[None]:
        return self._fault.remove(self._site)


def order(fault_type: FaultType, *on: str, selection: Selection | None = None, **values: Value) -> Order:
    """An order as the book gives it: defaults filled in."""
    known = fault_type.parameters
    defaults = {parameter.name: parameter.default for parameter in known if parameter.default is not None}
    needed = {parameter.name for parameter in known if parameter.default is None and not parameter.is_optional}
    assert needed <= values.keys() <= {parameter.name for parameter in known}
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


async def serve_checked(rig: Rig, *scripts: Script, is_secure: bool = False, **check: Any) -> None:
    """A group `web` of targets that are checked themselves, all healthy."""
    targets = [
        await (secure_target(rig, script) if is_secure else rig.target(script)) for script in scripts or (answer(OK),)
    ]
    protocol = Protocol.HTTPS if is_secure else Protocol.HTTP
    health_check = HealthCheck(**{"path": "/health", "protocol": protocol, **check})
    group = replace(rig.group(*targets), protocol=protocol, health_check=health_check)
    await rig.apply(rig.listener(), groups=(group,))
    await rig.healthy()


def state_of(rig: Rig, number: int = 1) -> TargetState:
    return rig.node.groups["web"].targets[f"10.0.0.{number}", 80]


async def sent(rig: Rig, data: bytes = GET, count: int = 1) -> Client:
    """A client whose request is on its way to a target, `count` with those before it."""
    client = await rig.client()
    client.send(data)
    await in_flight(rig, count)
    return client


def reused(rig: Rig) -> list[bool]:
    """Of each record, whether it went over a connection that had served before."""
    return [not cast("Exchange", record).is_first_on_connection for record in rig.records]


def statuses(rig: Rig) -> list[tuple[str, str]]:
    """What each line of the access log says: the load balancer's status and the target's."""
    return [(line[8], line[9]) for line in rig.lines]
