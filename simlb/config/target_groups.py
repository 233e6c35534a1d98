"""Target groups, their health checks, their targets and the processes behind those (reference 1.5, 2.1)."""

from __future__ import annotations

import itertools
import os.path
from collections.abc import Mapping
from dataclasses import dataclass

from simlb.config import names
from simlb.config.addresses import AddressPolicy
from simlb.config.context import Context, attribute_values
from simlb.config.documents import HealthCheckEntry, MatcherEntry, TargetEntry, TargetGroupEntry
from simlb.config.problems import NOT_YET, REFERENCE, SCHEMA, Refused, did_you_mean, quoted
from simlb.core import ids, model
from simlb.core.attributes import TARGET_GROUP_ATTRIBUTES, AttributeValueError, TargetGroupAttributes
from simlb.core.matcher import Matcher

_LOWEST_RELAXED_S = 0.1
_KINDS = ("url", "run", "sample")


@dataclass(frozen=True, slots=True)
class _Range:
    """The limits of a number and its lower limit when `strict` is off (reference 2.1)."""

    low: float
    high: float
    relaxed_low: float

    def check(self, key: str, value: float, *, strict: bool) -> None:
        low = self.low if strict else self.relaxed_low
        if not low <= value <= self.high:
            hints = ("strict: false allows it",) if strict and self.relaxed_low <= value < self.low else ()
            raise Refused(f"'{key}' must be from {low:g} to {self.high:g}, not {value:g}", *hints)
        if strict and value != int(value):
            raise Refused(f"'{key}' must be a whole number of seconds, not {value:g}", "strict: false allows it")


_INTERVAL = _Range(5, 300, _LOWEST_RELAXED_S)
_TIMEOUT = _Range(2, 120, _LOWEST_RELAXED_S)
_THRESHOLD = _Range(2, 10, 1)


class GroupCompiler:
    """Compiles the target groups of one file; names of targets are unique over all of them."""

    def __init__(self, context: Context, region: str, policy: AddressPolicy) -> None:
        self._context = context
        self._region = region
        self._policy = policy
        self._numbers = itertools.count(1)
        self._names: set[str] = set()
        self._process_ports: dict[int, str] = {}
        self.processes: list[model.TargetProcess] = []

    def compile(self, entries: list[TargetGroupEntry]) -> dict[str, model.TargetGroup]:
        """All groups by name."""
        self._names = {target.name for entry in entries for target in entry.targets if target.name is not None}
        self._check_target_names(entries)
        groups: dict[str, model.TargetGroup] = {}
        for entry in entries:
            if entry.name in groups:
                self._context.fail(entry, "name", what=f"there are two target groups named '{entry.name}'")
                continue
            groups[entry.name] = self._group(entry)
        return groups

    def _check_target_names(self, entries: list[TargetGroupEntry]) -> None:
        seen = set()
        for target in (target for entry in entries for target in entry.targets):
            if target.name is None:
                continue
            with self._context.at(target, "name"):
                if target.name in seen:
                    raise Refused(f"there are two targets named '{target.name}'")
                seen.add(target.name)
                names.resource_name("Target", target.name)

    def _group(self, entry: TargetGroupEntry) -> model.TargetGroup:
        context = self._context
        with context.at(entry, "name"):
            names.target_group_name(entry.name)
        for key, value, supported in (
            ("protocol", entry.protocol, "HTTP"),
            ("protocol_version", entry.protocol_version, "HTTP1"),
            ("target_type", entry.target_type, "ip"),
        ):
            if value != supported:
                what = f"target group {key} '{value}' is not supported yet (only '{supported}')"
                context.fail(entry, key, what=what, code=NOT_YET)
        return model.TargetGroup(
            name=entry.name,
            arn=ids.target_group_arn(self._region, entry.name),
            protocol=model.Protocol(entry.protocol),
            port=entry.port,
            health_check=self._health_check(entry.health_check),
            attributes=self._attributes(entry),
            targets=self._targets(entry),
            retry_on_connect_failure=entry.retry_on_connect_failure,
            fail_open_while_initial=entry.fail_open_while_initial,
        )

    def _attributes(self, entry: TargetGroupEntry) -> TargetGroupAttributes:
        values = attribute_values(self._context, entry, entry.attributes, TARGET_GROUP_ATTRIBUTES)
        if len(values) == len(entry.attributes):  # else a combination would be judged without the values just refused
            try:
                return TargetGroupAttributes.from_wire(values)
            except AttributeValueError as error:
                self._context.fail(entry, "attributes", what=str(error))
        return TargetGroupAttributes()

    def _health_check(self, entry: HealthCheckEntry) -> model.HealthCheck:
        context = self._context
        default = model.HealthCheck()
        if entry.protocol != "HTTP":
            what = f"health check protocol '{entry.protocol}' is not supported yet (only 'HTTP')"
            context.fail(entry, "protocol", what=what, code=NOT_YET)
        with context.at(entry, "path"):
            # It becomes part of a request line: no spaces, no controls.
            if not entry.path.startswith("/"):
                raise Refused(f"health check path '{entry.path}' must start with '/'")
            if not all("!" <= char <= "~" for char in entry.path) or "#" in entry.path:
                raise Refused(f"health check path '{entry.path}' may hold visible ASCII characters other than '#' only")
        interval_s = self._number(entry, "interval_seconds", "interval", _INTERVAL, default.interval_s)
        timeout_s = self._number(entry, "timeout_seconds", "timeout", _TIMEOUT, default.timeout_s)
        if timeout_s >= interval_s:
            key = next((key for key in ("timeout", "timeout_seconds") if getattr(entry, key) is not None), None)
            what = f"Health check timeout '{timeout_s:g}' must be smaller than the interval '{interval_s:g}'"
            context.fail(entry, *([key] if key else []), what=what)
        healthy = self._number(entry, "healthy_threshold_count", "healthy", _THRESHOLD, default.healthy_threshold_count)
        unhealthy = self._number(
            entry, "unhealthy_threshold_count", "unhealthy", _THRESHOLD, default.unhealthy_threshold_count
        )
        matcher = default.matcher
        with context.at(entry, "matcher"):
            given = entry.matcher.http_code if isinstance(entry.matcher, MatcherEntry) else entry.matcher
            try:
                matcher = Matcher.parse(str(given))
            except ValueError as error:
                raise Refused(f"matcher {error}") from None
        return model.HealthCheck(
            protocol=model.Protocol(entry.protocol),
            port=entry.port,
            path=entry.path,
            interval_s=interval_s,
            timeout_s=timeout_s,
            healthy_threshold_count=int(healthy),
            unhealthy_threshold_count=int(unhealthy),
            matcher=matcher,
        )

    def _number(self, entry: HealthCheckEntry, long: str, short: str, limits: _Range, default: float) -> float:
        """A number by its long or its short key; the default when it is not given or not accepted."""
        if getattr(entry, long) is not None and getattr(entry, short) is not None:
            self._context.fail(
                entry, short, what=f"'{short}' is a shorthand for '{long}': give one of them", code=SCHEMA
            )
            return default
        key = long if getattr(entry, long) is not None else short
        if getattr(entry, key) is None:
            return default
        with self._context.at(entry, key):
            value = names.duration_s(getattr(entry, key))
            limits.check(key, value, strict=self._context.strict)
            return value
        return default

    def _targets(self, group: TargetGroupEntry) -> tuple[model.Target, ...]:
        targets: dict[tuple[str, int], model.Target] = {}
        for entry in group.targets:
            with self._context.at(entry):
                target = self._target(entry)
                if target is None:
                    continue
                if target.key in targets:
                    other = targets[target.key].name
                    raise Refused(f"target {target.address} is already in '{group.name}' as '{other}'")
                targets[target.key] = target
        return tuple(targets.values())

    def _target(self, entry: TargetEntry) -> model.Target | None:
        name = entry.name or self._next_name()
        kinds = [kind for kind in _KINDS if getattr(entry, kind) is not None]
        if len(kinds) != 1:
            seen = f"this one has {quoted(kinds)}" if kinds else "this one has none of them"
            raise Refused(f"a target has exactly one of {quoted(_KINDS)}; {seen}", code=SCHEMA)
        kind = kinds[0]
        for key, fits in (("port", "run, sample"), ("env", "run, sample"), ("cwd", "run")):
            if getattr(entry, key) and kind not in fits.split(", "):
                self._context.fail(entry, key, what=f"'{key}' does not go with '{kind}'", code=SCHEMA)
        if entry.url is None:
            port = self._process(entry, name)
            if port is None:
                return None
            return model.Target(
                id="127.0.0.1", port=port, dial_host="127.0.0.1", dial_port=port, name=name, process=name
            )
        with self._context.at(entry, "url"):
            at = self._policy.locate(entry.url)
            return model.Target(id=at.id, port=at.port, dial_host=at.dial_host, dial_port=at.port, name=name)
        return None

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
