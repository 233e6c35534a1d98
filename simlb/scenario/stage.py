"""The instance that a scenario plays in: made for one run, in this process, and gone without a trace after it.

It listens on free ports of loopback and has no control port: nobody but the run itself can reach it. State, logs and
certificates lie in one private folder, which is removed at the end; the CA that signs them is in memory only.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.clock import Clock, ScaledClock
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView
from simlb.core.events import Event
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.scenario.model import ChangeTargetGroup, Topology

if TYPE_CHECKING:
    from simlb.config import Compiled

CLOSE_GRACE_S = 0.2
"""How long exchanges that still hang may take at the end, in real seconds: their clients have gone by then."""
_ANY_PORT = "127.0.0.1:0"
_LONG_KEYS: Mapping[str, str] = {
    "interval": "interval_seconds",
    "timeout": "timeout_seconds",
    "healthy": "healthy_threshold_count",
    "unhealthy": "unhealthy_threshold_count",
}
"""Shorthands of a health check: beside its shorthand a long key would be refused."""


class Times(TypedDict):
    """What every record of a journal begins with: load-balancer and real seconds since the instance was made."""

    at_s: float
    real_s: float


class Stage:
    """One instance. Every method belongs to the loop that it was made on."""

    def __init__(
        self, name: str, topology: Topology, *, speed: float, seed: int, tell: Callable[[Event], None]
    ) -> None:
        """Nothing runs yet. `tell` gets what the instance has to say. Raises SimlbError for a wrong topology."""
        # It imports `cryptography`, which a dry run can do without.
        from simlb.certs.ephemeral_files import EphemeralFiles
        from simlb.dataplane.descriptors import raise_limit

        self._topology = topology
        self._original = _prepared(topology)
        self._values = self._original
        self._ports = _Ports()
        self._files = EphemeralFiles()
        try:
            options = AppOptions(
                instance=f"scenario-{name}",
                state_dir=self._files.folder / "state",
                certs_dir=self._files.folder,
                load=self._load,
                speed=speed,
                keeps_traffic=True,
                seed=seed,
                issuer=self._files.authority,
                is_ephemeral=True,
            )
            self.app = App(options, _Ear(tell), self._load(), clock=ScaledClock(speed), descriptors_max=raise_limit())
        except BaseException:
            self._files.close()
            raise

    @property
    def folder(self) -> Path:
        """Where all its files are, as long as it is open."""
        return self._files.folder

    def times(self) -> Times:
        """The present."""
        return {"at_s": self.app.narrator.at_s(), "real_s": self.app.narrator.real_s()}

    def targets(self) -> Iterator[tuple[TargetGroupState, TargetState]]:
        """Every target of every group as it stands, those that drain too."""
        for group in self.app.live_groups():
            for state in group.targets.values():
                yield group, state

    async def close(self) -> None:
        """End everything, whatever state it is in. Harmless when repeated."""
        try:
            # Clients first: then nothing is in flight any more that somebody waits for.
            await self.app.load.generator.close()
            # What is paused could not end in order.
            await self.app.faults.clear()
        finally:
            try:
                await self.app.close(grace_s=CLOSE_GRACE_S)
            finally:
                self._files.close()

    # -- what people do in the console ---------------------------------------------------------------------------------

    async def change(self, change: ChangeTargetGroup) -> None:
        """Another health check or other attributes. Raises SimlbError and changes nothing when they do not fit."""
        values = copy.deepcopy(self._values)
        group = _group(values, change.target_group)
        check = {**group.get("health_check", {})}
        for key, value in change.health_check.items():
            check.pop(_LONG_KEYS.get(key, key), None)
            check[key] = value
        group["health_check"] = check
        group["attributes"] = {**group.get("attributes", {}), **change.attributes}
        await self._serve(values)

    async def deregister(self, targets: Sequence[str]) -> None:
        """Take targets out of their groups: they drain, and their processes end with them."""
        values = copy.deepcopy(self._values)
        for group in values["target_groups"]:
            group["targets"] = [entry for entry in group.get("targets", []) if _name(entry) not in targets]
        await self._serve(values)

    async def register(self, targets: Sequence[str]) -> None:
        """Put targets back that the topology has, each at its place."""
        values = copy.deepcopy(self._values)
        for group, original in zip(values["target_groups"], self._original["target_groups"], strict=True):
            present = {_name(entry) for entry in group.get("targets", [])}
            group["targets"] = [
                copy.deepcopy(entry)
                for entry in original.get("targets", [])
                if _name(entry) in present or _name(entry) in targets
            ]
        await self._serve(values)

    async def _serve(self, values: dict[str, Any]) -> None:
        before, self._values = self._values, values
        try:
            await self.app.reload()
        except BaseException:
            self._values = before
            raise

    def _load(self) -> Compiled:
        from simlb.certs.ephemeral_files import EphemeralCertificates
        from simlb.config.addresses import system_resolver
        from simlb.config.commands import DEFAULT_REGION
        from simlb.config.compile import compile_source
        from simlb.config.context import Tools
        from simlb.config.source import FlagSource
        from simlb.processes.samples import sample_names

        region = self._values.get("region", DEFAULT_REGION)
        tools = Tools(
            certificates=EphemeralCertificates(self._files, region),
            allocate_port=self._ports.allocate,
            sample_names=sample_names(),
            resolve=system_resolver,
            expose=None,
            folder=self._topology.folder,
        )
        compiled = compile_source(FlagSource(self._values, {(): "topology"}), tools)
        # As a file's commands run in the file's folder, a scenario's run in the scenario's.
        return dataclasses.replace(compiled, source=self._topology.folder / "topology")


class _Ear:
    """The presenter of an instance that nobody looks at: its events go to the run."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Nobody asked."""

    def event(self, event: Event) -> None:
        """Something happened."""
        self._tell(event)

    def stopping(self) -> None:
        """Nobody asked."""

    def close(self) -> None:
        """Nobody asked."""


class _Ports:
    """Free ports for target processes: the same one for the same target, however often the topology is served."""

    def __init__(self) -> None:
        self._by_target: dict[str, int] = {}

    def allocate(self, target: str) -> int:
        from simlb.processes.ports import free_ports

        if target not in self._by_target:
            taken = set(self._by_target.values())
            # One more than are taken: at least one of them is new.
            self._by_target[target] = next(port for port in free_ports(len(taken) + 1) if port not in taken)
        return self._by_target[target]


def _prepared(topology: Topology) -> dict[str, Any]:
    """The configuration with all its listeners on free ports, and every target under the name that it has anyway.

    Named by their places, targets would have other names as soon as one before them is deregistered.
    """
    values: dict[str, Any] = copy.deepcopy(dict(topology.config))
    values["control_port"] = 0
    for load_balancer in values["load_balancers"]:
        for listener in load_balancer.get("listeners", []):
            listener["bind"] = _ANY_PORT
    for group in values.setdefault("target_groups", []):
        for entry, name in zip(group.get("targets", []), topology.groups[group["name"]], strict=True):
            # One that stands for a target of another group has that one's name.
            if "target" not in entry:
                entry["name"] = name
    return values


def _group(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    group: dict[str, Any] = next(group for group in values["target_groups"] if group["name"] == name)
    return group


def _name(entry: Mapping[str, Any]) -> str:
    name: str = entry.get("name") or entry["target"]
    return name
