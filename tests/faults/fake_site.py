"""An instance as faults see it, made of nothing but notes: what is held, what lies over the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from random import Random
from typing import Any

from simlb.clock import ManualClock
from simlb.core.events import Event
from simlb.core.model import (
    Bind,
    Certificate,
    Configuration,
    ForwardAction,
    Listener,
    LoadBalancer,
    Protocol,
    RedirectAction,
    Target,
    TargetGroup,
)
from simlb.dataplane.points import Behaviour
from simlb.errors import SimlbError
from simlb.faults.book import FaultBook
from simlb.faults.fault import FaultType
from simlb.faults.site import CertificateFlaw, ConfigurationChange
from simlb.faults.types import BY_NAME

ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000"


def listener(port: int, protocol: Protocol = Protocol.HTTP, *, redirects: bool = False) -> Listener:
    """One that forwards to `web`, or redirects to HTTPS."""
    certificate = Certificate(
        arn="own", names=("my-alb.localhost",), certificate_path=PurePath("own.pem"), key_path=PurePath("own.key")
    )
    return Listener(
        protocol=protocol,
        port=port,
        arn=f"{ARN}:listener/{port}",
        binds=(Bind(host="127.0.0.1", port=0),),
        default_action=RedirectAction(protocol="HTTPS", port="443") if redirects else ForwardAction.to("web"),
        certificates=(certificate,) if protocol is Protocol.HTTPS else (),
    )


def balancer(name: str, *listeners: Listener) -> LoadBalancer:
    """A load balancer."""
    return LoadBalancer(
        name=name, id="1", arn=name, dns_name=f"{name}.elb.localhost", region="us-east-1", listeners=listeners
    )


def group(name: str, *targets: str) -> TargetGroup:
    """A group of targets with these names, each at an address of its own."""
    return TargetGroup(
        name=name,
        arn=f"{ARN}:targetgroup/{name}",
        targets=tuple(
            Target(id=f"10.0.0.{target[-1]}", port=80, dial_host="127.0.0.1", dial_port=80, name=target)
            for target in targets
        ),
    )


def configuration(*balancers: LoadBalancer, **groups: Sequence[str]) -> Configuration:
    """`my-alb` with HTTP:80, which redirects, and HTTPS:443, unless others are given."""
    return Configuration(
        load_balancers=balancers or (balancer("my-alb", listener(80, redirects=True), listener(443, Protocol.HTTPS)),),
        target_groups={name: group(name, *targets) for name, targets in groups.items()},
    )


WEB = configuration(web=("i-01", "i-02", "i-03"), api=("i-04",))


class FakeSite:
    """Implements `simlb.faults.site.Site`. `notes` are what was done, in order."""

    def __init__(self, file: Configuration = WEB) -> None:
        self.clock = ManualClock()
        self.random = Random(1)
        self.file = file
        self.strangers: set[str] = set()
        """Targets that simlb did not start."""
        self.draining: dict[str, tuple[str, ...]] = {}
        self.overlays: list[ConfigurationChange] = []
        self.behaviours: list[tuple[str, Behaviour]] = []
        self.down: dict[str, list[object]] = {}
        self.paused: dict[str, list[object]] = {}
        self.notes: list[str] = []
        self.fails: set[str] = set()
        """What raises: `start i-02`, `change`."""
        self.certificates: list[Certificate] = []
        self.has_drained = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    def times(self) -> tuple[float, float]:
        return self.clock.now(), self.clock.now()

    def configuration(self) -> Configuration:
        return self.file

    @property
    def in_force(self) -> Configuration:
        """With everything laid over it."""
        result = self.file
        for overlay in self.overlays:
            result = overlay(result)
        return result

    def targets(self) -> Mapping[str, Sequence[str]]:
        return {
            name: (*(target.name for target in found.targets), *self.draining.get(name, ()))
            for name, found in self.file.target_groups.items()
        }

    def is_own(self, target: str) -> bool:
        return target not in self.strangers

    def interfere(self, target: str, behaviour: Behaviour) -> None:
        self.behaviours.append((target, behaviour))

    def release(self, target: str, behaviour: Behaviour) -> None:
        self.behaviours.remove((target, behaviour))

    async def take_down(self, key: object, target: str, *, kill: bool) -> None:
        self._do(f"{'kill' if kill else 'stop'} {target}")
        self.down.setdefault(target, []).append(key)

    async def bring_up(self, key: object, target: str) -> None:
        if key in self.down.get(target, []):
            self.down[target].remove(key)
            if not self.down[target]:
                del self.down[target]
                self._do(f"start {target}")

    def pause(self, key: object, target: str) -> None:
        self._do(f"pause {target}")
        self.paused.setdefault(target, []).append(key)

    def resume(self, key: object, target: str) -> None:
        if key in self.paused.get(target, []):
            self.paused[target].remove(key)
            if not self.paused[target]:
                del self.paused[target]
                self._do(f"resume {target}")

    async def restart(self, target: str) -> None:
        self._do(f"restart {target}")

    async def change(self, change: ConfigurationChange) -> None:
        self._do("change")
        self.overlays.append(change)

    async def undo(self, change: ConfigurationChange) -> None:
        if change in self.overlays:
            self.overlays.remove(change)

    async def drained(self, target: str) -> None:
        await self.has_drained.wait()

    async def issue(self, flaw: CertificateFlaw, names: Sequence[str]) -> Certificate:
        self._do(f"issue {flaw.value} {' '.join(names)}")
        made = Certificate(
            arn=flaw.value, names=tuple(names), certificate_path=PurePath("f.pem"), key_path=PurePath("f.key")
        )
        self.certificates.append(made)
        return made

    def discard(self, certificate: Certificate) -> None:
        self.certificates.remove(certificate)

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], None]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

        def cancel() -> None:
            task.cancel()

        return cancel

    def listener_address(self, load_balancer: str, port: int) -> tuple[str, int]:
        return "127.0.0.1", port

    async def settle(self) -> None:
        """Let what runs in the background come to its next wait."""
        for _ in range(5):
            await asyncio.sleep(0)

    def untouched(self) -> bool:
        """Nothing is left of any fault."""
        return not (self.overlays or self.behaviours or self.down or self.paused or self.certificates or self.tasks)

    def _do(self, what: str) -> None:
        if what in self.fails:
            raise SimlbError("E701", f"Cannot {what}.")
        self.notes.append(what)


class Told(list[Event]):
    """The events of a book."""

    @property
    def names(self) -> list[str]:
        """Their kinds, with the fault's name where there is one."""
        return [f"{type(event).__name__} {getattr(event, 'name', '')}".strip() for event in self]


def book(site: FakeSite, types: Mapping[str, FaultType] = BY_NAME) -> tuple[FaultBook, Told]:
    """A book over a site, and what it tells."""
    told = Told()
    return FaultBook(site, types, told.append), told


def without(file: Configuration, *targets: str) -> Configuration:
    """A configuration in which these targets are not registered."""
    groups = {
        name: replace(found, targets=tuple(target for target in found.targets if target.name not in targets))
        for name, found in file.target_groups.items()
    }
    return replace(file, target_groups=groups)
