"""Target groups and their health checks (reference 1.5, 2.1). Their targets: `simlb.config.targets`."""

from __future__ import annotations

from dataclasses import dataclass

from simlb.config import names
from simlb.config.addresses import AddressPolicy
from simlb.config.context import Context, attribute_values
from simlb.config.documents import HealthCheckEntry, MatcherEntry, TargetGroupEntry
from simlb.config.problems import NOT_YET, SCHEMA, Refused, quoted
from simlb.config.targets import TargetCompiler
from simlb.core import ids, model
from simlb.core.attributes import TARGET_GROUP_ATTRIBUTES, AttributeValueError, TargetGroupAttributes
from simlb.core.matcher import Matcher

_LOWEST_RELAXED_S = 0.1
_SUPPORTED = {"protocol_version": ("HTTP1",), "target_type": ("ip", "instance")}
_DEFAULT_PORTS = {model.Protocol.HTTP: 80, model.Protocol.HTTPS: 443}


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
    """Compiles the target groups of one file."""

    def __init__(self, context: Context, region: str, policy: AddressPolicy) -> None:
        self._context = context
        self._region = region
        self._targets = TargetCompiler(context, region, policy)

    @property
    def processes(self) -> list[model.TargetProcess]:
        """What simlb starts for the targets compiled so far."""
        return self._targets.processes

    @property
    def instances(self) -> tuple[model.Instance, ...]:
        """What the targets compiled so far are by the ids of instances."""
        return self._targets.instances

    def compile(self, entries: list[TargetGroupEntry]) -> dict[str, model.TargetGroup]:
        """All groups by name."""
        self._targets.define(entries)
        groups: dict[str, model.TargetGroup] = {}
        for entry in entries:
            if entry.name in groups:
                self._context.fail(entry, "name", what=f"there are two target groups named '{entry.name}'")
                continue
            groups[entry.name] = self._group(entry)
        return groups

    def _group(self, entry: TargetGroupEntry) -> model.TargetGroup:
        context = self._context
        with context.at(entry, "name"):
            names.target_group_name(entry.name)
        for key, supported in _SUPPORTED.items():
            value = getattr(entry, key)
            if value not in supported:
                what = f"target group {key} '{value}' is not supported yet (only {quoted(supported)})"
                context.fail(entry, key, what=what, code=NOT_YET)
        protocol = model.Protocol(entry.protocol)
        check = entry.health_check
        if check.protocol != protocol and check.port == model.TRAFFIC_PORT:
            default = " (the default, as in AWS)" if check.protocol == model.HealthCheck().protocol else ""
            what = f"targets of '{entry.name}' speak {protocol}, and are probed in {check.protocol}{default}"
            context.warn(entry, "health_check", what=f"{what}; to change it: health_check: {{protocol: {protocol}}}")
        return model.TargetGroup(
            name=entry.name,
            arn=ids.target_group_arn(self._region, entry.name),
            target_type=model.TargetType.INSTANCE if entry.target_type == "instance" else model.TargetType.IP,
            protocol=protocol,
            port=entry.port or _DEFAULT_PORTS[protocol],
            health_check=self._health_check(entry.health_check),
            attributes=self._attributes(entry),
            targets=self._targets.members(entry),
            retry_on_connect_failure=entry.retry_on_connect_failure,
            fail_open_while_initial=entry.fail_open_while_initial,
        )

    def _attributes(self, entry: TargetGroupEntry) -> TargetGroupAttributes:
        values = attribute_values(self._context, entry, entry.attributes, TARGET_GROUP_ATTRIBUTES)
        if len(values) == len(entry.attributes):  # else a combination would be judged without the values just refused
            try:
                return TargetGroupAttributes.from_wire(values)
            except AttributeValueError as error:
                self._context.fail(entry, "attributes", what=f"{error} ({error.code})")
        return TargetGroupAttributes()

    def _health_check(self, entry: HealthCheckEntry) -> model.HealthCheck:
        context = self._context
        default = model.HealthCheck()
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
