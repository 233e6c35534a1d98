"""Targets, the processes behind them, and targets that are in several groups (reference 1.5).

A target is defined once, by `url`, `run` or `sample`; other groups refer to it by its name. The definition says where
it is; what its id is, an address or an instance's id, depends on the group that it is a member of.
"""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Mapping
from dataclasses import dataclass

from simlb.config import names
from simlb.config.addresses import AddressPolicy
from simlb.config.context import Context
from simlb.config.documents import TargetEntry, TargetGroupEntry
from simlb.config.problems import REFERENCE, SCHEMA, Refused, did_you_mean, quoted
from simlb.core import ids, model

_KINDS = ("url", "run", "sample", "target")
_GOES_WITH = {
    "name": ("url", "run", "sample"),
    "instance": ("url", "run", "sample"),
    "port": ("run", "sample", "target"),
    "env": ("run", "sample"),
    "cwd": ("run",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defined:
    """Where a target is. `protocol` is what a URL or a sample says that it speaks; None when nobody can know."""

    name: str
    instance: str
    ip: str
    dial_host: str
    port: int
    process: str | None = None
    url: str | None = None
    protocol: str | None = None


class TargetCompiler:
    """Compiles the targets of one file; names are unique over all of its groups."""

    def __init__(self, context: Context, region: str, policy: AddressPolicy) -> None:
        self._context = context
        self._region = region
        self._policy = policy
        self._numbers = itertools.count(1)
        self._names: set[str] = set()
        self._defined: dict[str, _Defined] = {}
        self._by_entry: dict[int, _Defined | str] = {}
        self._process_ports: dict[int, str] = {}
        self._instances: dict[str, _Defined] = {}
        self.processes: list[model.TargetProcess] = []

    @property
    def instances(self) -> tuple[model.Instance, ...]:
        """The instances that the targets defined so far are, each with all of its ports."""
        ports: dict[str, list[model.InstancePort]] = {}
        for defined in self._defined.values():
            port = model.InstancePort(port=defined.port, target=defined.name, process=defined.process)
            ports.setdefault(defined.instance, []).append(port)
        return tuple(
            model.Instance(
                id=ids.instance_id(self._region, name),
                name=name,
                ip=self._instances[name].ip,
                dial_host=self._instances[name].dial_host,
                ports=tuple(listens_on),
            )
            for name, listens_on in ports.items()
        )

    def define(self, groups: list[TargetGroupEntry]) -> None:
        """Find out where all targets are, before any group refers to them."""
        entries = [(group, entry) for group in groups for entry in group.targets]
        self._names = {entry.name for _, entry in entries if entry.name is not None}
        seen = set()
        for _, entry in entries:
            if entry.name is None:
                continue
            with self._context.at(entry, "name"):
                if entry.name in seen:
                    raise Refused(f"there are two targets named '{entry.name}'")
                seen.add(entry.name)
                names.resource_name("Target", entry.name)
        for group, entry in entries:
            with self._context.at(entry):
                self._define(group, entry)

    def members(self, group: TargetGroupEntry) -> tuple[model.Target, ...]:
        """The targets of a group."""
        targets: dict[tuple[str, int], model.Target] = {}
        for entry in group.targets:
            with self._context.at(entry):
                target = self._member(group, entry)
                if target is None:
                    continue
                if target.key in targets:
                    other = targets[target.key].name
                    if other == target.name:
                        raise Refused(f"target '{other}' is already in '{group.name}'")
                    raise Refused(f"target {target.address} is already in '{group.name}' as '{other}'")
                targets[target.key] = target
        return tuple(targets.values())

    # -- definitions ---------------------------------------------------------------------------------------------------

    def _define(self, group: TargetGroupEntry, entry: TargetEntry) -> None:
        kinds = [kind for kind in _KINDS if getattr(entry, kind) is not None]
        if len(kinds) != 1:
            seen = f"this one has {quoted(kinds)}" if kinds else "this one has none of them"
            raise Refused(f"a target has exactly one of {quoted(_KINDS)}; {seen}", code=SCHEMA)
        kind = kinds[0]
        misplaced = [key for key, fits in _GOES_WITH.items() if getattr(entry, key) and kind not in fits]
        for key in misplaced:
            self._context.fail(entry, key, what=f"'{key}' does not go with '{kind}'", code=SCHEMA)
        if entry.target is not None:
            if not misplaced:
                self._by_entry[id(entry)] = entry.target
            return
        name = entry.name or self._next_name()
        with self._context.at(entry, "instance"):
            if entry.instance is not None:
                names.resource_name("Instance", entry.instance)
                if group.target_type != "instance":
                    hint = "give the group target_type: instance"
                    raise Refused(f"'instance' does not go with target_type '{group.target_type}'", hint, code=SCHEMA)
        with self._context.at(entry, kind):
            defined = self._of_url(entry, name) if kind == "url" else self._of_process(entry, name)
            if defined is None:
                return
            first = self._instances.setdefault(defined.instance, defined)
            if first.ip != defined.ip:
                places = f"{first.ip} (target '{first.name}') and at {defined.ip}"
                raise Refused(f"instance '{defined.instance}' cannot be both at {places}")
            self._by_entry[id(entry)] = defined
            self._defined.setdefault(name, defined)

    def _of_url(self, entry: TargetEntry, name: str) -> _Defined:
        assert entry.url is not None
        at = self._policy.locate(entry.url)
        return _Defined(
            name=name,
            instance=entry.instance or name,
            ip=at.ip,
            dial_host=at.dial_host,
            port=at.port,
            url=entry.url,
            protocol=at.scheme.upper(),
        )

    def _of_process(self, entry: TargetEntry, name: str) -> _Defined | None:
        port = self._process(entry, name)
        if port is None:
            return None
        return _Defined(
            name=name,
            instance=entry.instance or name,
            ip="127.0.0.1",
            dial_host="127.0.0.1",
            port=port,
            process=name,
            protocol="HTTP" if entry.sample is not None else None,
        )

    def _process(self, entry: TargetEntry, name: str) -> int | None:
        """Note the process of a `run` or `sample` target; its port, unless another process has it."""
        context = self._context
        if entry.run is not None and not entry.run.strip():
            context.fail(entry, "run", what="'run' has no command")
        if "\0" in (entry.run or ""):
            context.fail(entry, "run", what="'run' must not hold a NUL")
        known = context.tools.sample_names
        if entry.sample is not None and entry.sample not in known:
            what = f"there is no sample '{entry.sample}'{did_you_mean(entry.sample, known)}"
            context.fail(entry, "sample", what=what, hints=[f"samples: {', '.join(known)}"], code=REFERENCE)
        port = entry.port or context.tools.allocate_port(name)
        if port in self._process_ports:
            other = self._process_ports[port]
            context.fail(entry, "port", what=f"port {port} is already that of target '{other}'")
            return None
        self._process_ports[port] = name
        directory = context.tools.folder
        if entry.cwd is not None:
            with context.at(entry, "cwd"):
                directory = context.path(entry.cwd)
                # os.path, not pathlib: it says no where pathlib raises (too long, not permitted, a NUL).
                if not os.path.isdir(directory):  # noqa: PTH112
                    raise Refused(f"there is no folder '{directory}'")
        self.processes.append(
            model.TargetProcess(
                name=name,
                port=port,
                run=entry.run,
                sample=entry.sample,
                environment=self._environment(entry),
                working_directory=directory if entry.run is not None else None,
            )
        )
        return port

    def _environment(self, entry: TargetEntry) -> Mapping[str, str]:
        environment = {}
        for key, value in entry.env.items():
            if not key or "=" in key or "\0" in key or "\0" in str(value):
                self._context.fail(entry, "env", key, what=f"'{key}' cannot be an environment variable")
            # As it was spelled: 1.10 stays 1.10, True stays True.
            environment[key] = self._context.places.written(entry, "env", key) or str(value)
        return environment

    def _next_name(self) -> str:
        name = next(name for number in self._numbers if (name := f"i-{number:02}") not in self._names)
        self._names.add(name)
        return name

    # -- members -------------------------------------------------------------------------------------------------------

    def _member(self, group: TargetGroupEntry, entry: TargetEntry) -> model.Target | None:
        defined = self._by_entry.get(id(entry))
        if isinstance(defined, str):
            defined = self._referred(entry, defined)
        if defined is None:
            return None
        port = defined.port
        if entry.target is not None and entry.port is not None:
            port = entry.port
            other = self._process_ports.get(port, defined.name)
            if other != defined.name and defined.ip == "127.0.0.1":
                with self._context.at(entry, "port"):
                    raise Refused(f"port {port} is already that of target '{other}'", f"write target: {other}")
                return None
        else:
            self._check_protocol(group, entry, defined)
        is_instance = group.target_type == "instance"
        return model.Target(
            id=ids.instance_id(self._region, defined.instance) if is_instance else defined.ip,
            instance_ip=defined.ip if is_instance else None,
            port=port,
            dial_host=defined.dial_host,
            dial_port=port,
            name=defined.name,
            process=defined.process,
        )

    def _referred(self, entry: TargetEntry, name: str) -> _Defined | None:
        """What `target: NAME` refers to; None when that has a problem of its own."""
        if name in self._defined:
            return self._defined[name]
        if name not in self._names:
            with self._context.at(entry, "target"):
                raise Refused(f"there is no target '{name}'{did_you_mean(name, self._names)}", code=REFERENCE)
        return None

    def _check_protocol(self, group: TargetGroupEntry, entry: TargetEntry, defined: _Defined) -> None:
        """A URL's scheme has to be the group's protocol; a sample speaks plain HTTP only."""
        if defined.protocol is None or defined.protocol == group.protocol:
            return
        if defined.url is None:
            what = f"target '{defined.name}' speaks {defined.protocol}, target group '{group.name}' {group.protocol}"
            self._context.warn(entry, what=f"{what}: its requests will get 502")
            return
        with self._context.at(entry, "url" if entry.target is None else "target"):
            scheme = group.protocol.lower()
            raise Refused(
                f"'{defined.url}' does not go with target group '{group.name}', which speaks {group.protocol}",
                f"write {scheme}://{defined.url.partition('://')[2]}, "
                f"or give the target group protocol: {defined.protocol}",
            )
