"""From a scenario's topology to a configuration (`config/1`): its shorthands written out, or the file that it uses.

The configuration is checked as a file of its own would be, and problems come back with the scenario's lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simlb.config.addresses import Resolver
from simlb.config.certificates import UnissuedCertificates
from simlb.config.compile import check_source
from simlb.config.context import Tools
from simlb.config.decode import Places
from simlb.config.documents import SAMPLE_NAMES
from simlb.config.names import duration_s
from simlb.config.problems import SCHEMA, InvalidConfigError, Place, Problems, Refused, did_you_mean
from simlb.config.source import Source, Steps
from simlb.config.yaml_source import read
from simlb.core.model import Configuration
from simlb.errors import ConfigError
from simlb.scenario.model import ChangeTargetGroup, Topology
from simlb.scenario.schema import TargetsEntry, TopologyEntry

OUTSIDE = "E663"

_DEFAULT_NAME = "my-alb"
_LONG_KEYS = {
    "interval": "interval_seconds",
    "timeout": "timeout_seconds",
    "healthy": "healthy_threshold_count",
    "unhealthy": "unhealthy_threshold_count",
}
_OF_A_FILE = frozenset({"use", "latencies", "faults"})
_OF_A_TARGET = ("name", "sample", "run", "url", "env")
_OF_A_GROUP = ("attributes", "target_type", "protocol")
_OF_A_LISTENER = ("forward", "redirect", "fixed_response", "rules", "certificates")


@dataclass(frozen=True, slots=True)
class Built:
    """A topology, and the configuration that it comes to (ports of processes are not chosen yet)."""

    topology: Topology
    configuration: Configuration
    check: Callable[[Mapping[str, Any]], Configuration]
    """Compiles another configuration in its place. Raises InvalidConfigError."""


def build(
    entry: TopologyEntry, source: Source, places: Places, problems: Problems, *, folder: Path, resolve: Resolver
) -> Built | None:
    """The topology of a scenario file in `folder`; None when it has problems, which have been noted."""
    before = len(problems)
    values: object = None
    origin: Source = source
    if entry.use is not None:
        with problems.at(places.at(entry, "use")):
            origin = _used(entry, entry.use, places, problems, folder)
            values = _without_clock(origin, problems)
    else:
        writer = _Writer(source, problems, entry, places)
        values, origin = writer.write(), writer
    if not isinstance(values, dict) or len(problems) > before:
        return None
    tools = Tools(
        certificates=UnissuedCertificates(""),
        allocate_port=_never,
        sample_names=SAMPLE_NAMES,
        resolve=resolve,
        folder=folder,
    )

    def check(changed: Mapping[str, Any]) -> Configuration:
        return check_source(_Values(changed, origin), tools).configuration

    try:
        configuration = check(values)
    except InvalidConfigError as error:
        for problem in error.problems:
            problems.add(problem.place, problem.what, *problem.hints, code=problem.code)
        return None
    groups = {
        name: tuple(target.name for target in group.targets) for name, group in configuration.target_groups.items()
    }
    topology = Topology(
        config=values,
        folder=folder,
        latencies=_latencies(entry, places, problems, groups),
        uses_commands=_commands(values),
        groups=groups,
    )
    return Built(topology, configuration, check)


def with_change(config: Mapping[str, Any], change: ChangeTargetGroup) -> dict[str, Any]:
    """A configuration with a change to one of its target groups laid over it."""
    groups = []
    for group in config["target_groups"]:
        if group["name"] != change.target_group:
            groups.append(group)
            continue
        # A long key that the file has gives way to its shorthand, which the change has.
        replaced = {_LONG_KEYS[key] for key in change.health_check if key in _LONG_KEYS}
        kept = {key: value for key, value in group.get("health_check", {}).items() if key not in replaced}
        health = {**kept, **change.health_check}
        attributes = {**group.get("attributes", {}), **change.attributes}
        groups.append({**group, "health_check": health, "attributes": attributes})
    return {**config, "target_groups": groups}


# -- another file ------------------------------------------------------------------------------------------------------


def _used(entry: TopologyEntry, written: str, places: Places, problems: Problems, folder: Path) -> Source:
    for key in entry.__struct_fields__:
        if key not in _OF_A_FILE and getattr(entry, key) is not None:
            problems.add(places.at(entry, key), f"'{key}' does not go with 'use'", code=SCHEMA)
    path = inside(folder, written)
    try:
        return read(path, begin_hint="'use' names a configuration (config/1) in the scenario's folder")
    except ConfigError as error:
        raise Refused(error.what, *error.hints, code=error.code) from None


def inside(folder: Path, written: str) -> Path:
    """A file below `folder`, symbolic links followed: scenarios travel, and must not read what is elsewhere.

    Raises Refused (E663).
    """
    hint = "'use' names a file in the scenario's own folder: use: three-targets.yaml"
    pure = Path(written)
    if "\0" in written or "\\" in written or ":" in written or pure.is_absolute() or ".." in pure.parts or not written:
        raise Refused(f"'{written}' is not a file in this folder", hint, code=OUTSIDE)
    try:
        home, found = folder.resolve(), (folder / pure).resolve()
    except (OSError, RuntimeError) as error:
        raise Refused(f"'{written}' cannot be found: {error}", hint, code=OUTSIDE) from None
    if not found.is_relative_to(home):
        raise Refused(f"'{written}' leads out of this folder, to {found}", hint, code=OUTSIDE)
    return found


def _without_clock(origin: Source, problems: Problems) -> object:
    """A used file's values. Its clock is the scenario's business, and so is whom simlb may send requests to."""
    if not isinstance(origin.values, dict):
        return origin.values
    if "allow_targets" in origin.values:
        what = "a scenario's targets are on this machine: 'allow_targets' is not accepted here"
        problems.add(origin.key_place(("allow_targets",)), what, code=OUTSIDE)
    left_out = {"speed", "control_port", "dns_port", "foreign_endpoint"}
    return {key: value for key, value in origin.values.items() if key not in left_out}


class _Values:
    """Values, with the places of another source."""

    def __init__(self, values: object, origin: Source) -> None:
        self.values = values
        self.path = origin.path
        self.place = origin.place
        self.key_place = origin.key_place
        self.written = origin.written


# -- written here ------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes the configuration that a topology stands for, and knows where in the scenario each part of it was said."""

    def __init__(self, source: Source, problems: Problems, entry: TopologyEntry, places: Places) -> None:
        self.path = source.path
        self.values: object = None
        self._source = source
        self._problems = problems
        self._entry = entry
        self._places = places
        self._origins: dict[Steps, Steps] = {(): ("topology",)}

    def write(self) -> dict[str, Any] | None:
        """The configuration; None when something needed is missing, which has been noted."""
        entry = self._entry
        for key in ("targets", "listeners"):
            if getattr(entry, key) is None:
                hint = "or a configuration beside this file: use: simlb.yaml"
                self._problems.add(self._places.at(entry), f"'{key}' is missing in topology", hint, code=SCHEMA)
        if entry.latencies:
            what = "'latencies' goes with 'use'; here: targets: {web: {count: 4, latency: 12ms}}"
            self._problems.add(self._places.key_at(entry, "latencies"), what, code=SCHEMA)
        if entry.targets is None or entry.listeners is None:
            return None
        balancer: dict[str, Any] = {"name": entry.name or _DEFAULT_NAME}
        here: Steps = ("load_balancers", 0)
        for key in ("name", "dns", "attributes", "security_group"):
            if getattr(entry, key) is not None:
                balancer[key] = self._copied((*here, key), ("topology", key))
        balancer["listeners"] = [self._listener(index) for index in range(len(entry.listeners))]
        groups = [self._group(index, name) for index, name in enumerate(entry.targets)]
        values: dict[str, Any] = {"simlb": "config/1", "load_balancers": [balancer], "target_groups": groups}
        if entry.strict is not None:
            values["strict"] = self._copied(("strict",), ("topology", "strict"))
        return values

    def place(self, steps: Steps) -> Place:
        """Where the scenario says what stands at `steps` of the configuration."""
        return self._source.place(self._origin(steps))

    def key_place(self, steps: Steps) -> Place:
        """Where the scenario has that key, or what it follows from."""
        origin = self._origin(steps)
        return self._source.key_place(origin) if self._source.written(origin) is not None else self.place(steps)

    def written(self, steps: Steps) -> str | None:
        """The scalar as the scenario spells it."""
        return self._source.written(self._origin(steps))

    def _origin(self, steps: Steps) -> Steps:
        for length in range(len(steps), -1, -1):
            if steps[:length] in self._origins:
                return (*self._origins[steps[:length]], *steps[length:])
        raise AssertionError("the whole has an origin")

    def _copied(self, to: Steps, origin: Steps) -> Any:
        """The plain value at `origin`, which is what stands at `to`."""
        self._origins[to] = origin
        value: Any = self._source.values
        for step in origin:
            value = value[step]
        return value

    def _listener(self, index: int) -> dict[str, Any]:
        assert self._entry.listeners is not None
        entry = self._entry.listeners[index]
        here: Steps = ("load_balancers", 0, "listeners", index)
        origin: Steps = ("topology", "listeners", index)
        self._origins[here] = origin
        if (entry.http is None) == (entry.https is None):
            self._problems.add(self._places.at(entry), "a listener has either 'http' or 'https'", code=SCHEMA)
        key = "http" if entry.https is None else "https"
        self._origins[(*here, "port")] = (*origin, key)
        listener: dict[str, Any] = {"protocol": key.upper(), "port": entry.http or entry.https}
        for name in _OF_A_LISTENER:
            if getattr(entry, name):
                listener[name] = self._copied((*here, name), (*origin, name))
        return listener

    def _group(self, index: int, name: str) -> dict[str, Any]:
        assert self._entry.targets is not None
        entry = self._entry.targets[name]
        here: Steps = ("target_groups", index)
        origin: Steps = ("topology", "targets", name)
        self._origins[here] = origin
        group: dict[str, Any] = {"name": name, "targets": self._targets(entry, here, origin)}
        health = {}
        # The group's own keys over those of all.
        for owner, at in ((self._entry.health, ("topology", "health")), (entry.health, (*origin, "health"))):
            for key in owner.__struct_fields__ if owner is not None else ():
                if getattr(owner, key) is not None:
                    health[key] = self._copied((*here, "health_check", key), (*at, key))
        if health:
            group["health_check"] = health
        for key in _OF_A_GROUP:
            if getattr(entry, key):
                group[key] = self._copied((*here, key), (*origin, key))
        return group

    def _targets(self, entry: TargetsEntry, here: Steps, origin: Steps) -> list[dict[str, Any]]:
        if (entry.count is None) == (entry.each is None):
            what = "the targets of a group are given by either 'count' or 'each'"
            self._problems.add(self._places.at(entry), what, code=SCHEMA)
            return []
        if entry.each is None:
            assert entry.count is not None
            alike = {key: getattr(entry, key) for key in ("sample", "run", "url") if getattr(entry, key) is not None}
            return [dict(alike or {"sample": "echo"}) for _ in range(entry.count)]
        for key in ("sample", "run", "url"):
            if getattr(entry, key) is not None:
                self._problems.add(
                    self._places.at(entry, key),
                    f"'{key}' goes with 'count'; in 'each', every target has its own",
                    code=SCHEMA,
                )
        targets = []
        for position, spec in enumerate(entry.each):
            at = (*here, "targets", position)
            self._origins[at] = (*origin, "each", position)
            target = {
                key: self._copied((*at, key), (*origin, "each", position, key))
                for key in _OF_A_TARGET
                if getattr(spec, key)
            }
            if not target.keys() & {"sample", "run", "url"}:
                target["sample"] = "echo"
            targets.append(target)
        return targets


def _latencies(
    entry: TopologyEntry, places: Places, problems: Problems, groups: Mapping[str, tuple[str, ...]]
) -> dict[str, float]:
    """Modelled latencies by target name."""
    found: dict[str, float] = {}
    for name, targets in (entry.targets or {}).items():
        for position, target in enumerate(groups[name]):
            spec = targets.each[position] if targets.each is not None else None
            own = targets if spec is None or spec.latency is None else spec
            if own.latency is not None:
                with problems.at(places.at(own, "latency")):
                    found[target] = duration_s(own.latency)
    known = [target for targets in groups.values() for target in targets]
    for target, written in entry.latencies.items():
        if target not in known:
            what = f"there is no target '{target}'{did_you_mean(target, known)}"
            problems.add(places.key_at(entry, "latencies", target), what)
            continue
        with problems.at(places.at(entry, "latencies", target)):
            found[target] = duration_s(written)
    return found


def _commands(values: Mapping[str, Any]) -> tuple[str, ...]:
    targets = (target for group in values.get("target_groups", ()) for target in group.get("targets", ()))
    return tuple(dict.fromkeys(target["run"] for target in targets if "run" in target))


def _never(name: str) -> int:
    raise AssertionError(f"checking took a port for {name}")
