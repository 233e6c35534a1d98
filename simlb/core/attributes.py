"""Every attribute of a load balancer and of a target group: key, type, default, range - one table.

An attribute that simlb does not act on yet is marked `supported=False`: its default is accepted, since nothing changes,
and any other value is refused rather than stored and ignored (reference 1.1.1, 1.5.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Kind = Literal["bool", "int", "enum", "str"]


class AttributeValueError(ValueError):
    """A key or value that AWS, or simlb by now, does not accept. The message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One row of the table. `default` is the wire string; `low`/`high` bound an int; `choices` lists an enum."""

    key: str
    kind: Kind
    default: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    supported: bool = True

    def check(self, value: str) -> None:
        """Raise AttributeValueError unless `value` (the wire string) is one simlb carries out."""
        if self.kind == "bool" and value not in {"true", "false"}:
            raise AttributeValueError(f"'{self.key}' value '{value}' must be one of 'true', 'false'")
        if self.kind == "enum" and value not in self.choices:
            listed = ", ".join(f"'{choice}'" for choice in self.choices)
            raise AttributeValueError(f"'{self.key}' value '{value}' must be one of {listed}")
        if self.kind == "int" and not self._is_in_range(value):
            raise AttributeValueError(
                f"'{self.key}' value '{value}' must be between '{self.low}-{self.high}' inclusive"
            )
        if not self.supported and value != self.default:
            raise AttributeValueError(f"'{self.key}' = '{value}' is not supported by simlb yet (only '{self.default}')")

    def _is_in_range(self, value: str) -> bool:
        # The length comes first: int() refuses thousands of digits with an error of its own.
        return value.isascii() and value.isdigit() and len(value) <= 10 and self.low <= int(value) <= self.high


def _table(*rows: Attribute) -> Mapping[str, Attribute]:
    return {row.key: row for row in rows}


def _flag(key: str, default: str = "false", *, supported: bool = True) -> Attribute:
    return Attribute(key=key, kind="bool", default=default, supported=supported)


LOAD_BALANCER_ATTRIBUTES: Mapping[str, Attribute] = _table(
    Attribute(key="idle_timeout.timeout_seconds", kind="int", default="60", low=1, high=4000),
    Attribute(key="client_keep_alive.seconds", kind="int", default="3600", low=60, high=604800),
    Attribute(
        key="routing.http.desync_mitigation_mode",
        kind="enum",
        default="defensive",
        choices=("monitor", "defensive", "strictest"),
    ),
    _flag("routing.http.drop_invalid_header_fields.enabled"),
    _flag("routing.http.preserve_host_header.enabled"),
    _flag("routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
    _flag("routing.http.xff_client_port.enabled"),
    Attribute(
        key="routing.http.xff_header_processing.mode",
        kind="enum",
        default="append",
        choices=("append", "preserve", "remove"),
    ),
    _flag("access_logs.s3.enabled"),
    # HTTP/2 is not spoken yet: the default "true" is accepted as what AWS would say, and means nothing so far.
    _flag("routing.http2.enabled", "true"),
    _flag("deletion_protection.enabled", supported=False),
    _flag("load_balancing.cross_zone.enabled", "true", supported=False),
    Attribute(key="access_logs.s3.bucket", kind="str", default="", supported=False),
    Attribute(key="access_logs.s3.prefix", kind="str", default="", supported=False),
    _flag("connection_logs.s3.enabled", supported=False),
    _flag("health_check_logs.s3.enabled", supported=False),
    _flag("ipv6.deny_all_igw_traffic", supported=False),
    _flag("zonal_shift.config.enabled", supported=False),
    _flag("waf.fail_open.enabled", supported=False),
)

TARGET_GROUP_ATTRIBUTES: Mapping[str, Attribute] = _table(
    Attribute(key="deregistration_delay.timeout_seconds", kind="int", default="300", low=0, high=3600),
    Attribute(
        key="load_balancing.algorithm.type",
        kind="enum",
        default="round_robin",
        choices=("round_robin", "least_outstanding_requests", "weighted_random"),
        supported=False,
    ),
    Attribute(
        key="load_balancing.algorithm.anomaly_mitigation",
        kind="enum",
        default="off",
        choices=("on", "off"),
        supported=False,
    ),
    Attribute(
        key="load_balancing.cross_zone.enabled",
        kind="enum",
        default="use_load_balancer_configuration",
        choices=("true", "false", "use_load_balancer_configuration"),
        supported=False,
    ),
    _flag("stickiness.enabled", supported=False),
    Attribute(key="slow_start.duration_seconds", kind="int", default="0", low=0, high=900, supported=False),
)


def resolve(table: Mapping[str, Attribute], given: Mapping[str, str]) -> dict[str, str]:
    """All values of a table: what was given, else the default. Raises AttributeValueError."""
    values = {key: attribute.default for key, attribute in table.items()}
    for key, value in given.items():
        attribute = table.get(key)
        if attribute is None:
            raise AttributeValueError(f"attribute key '{key}' is not recognized")
        attribute.check(value)
        values[key] = value
    return values


XffMode = Literal["append", "preserve", "remove"]
DesyncMode = Literal["monitor", "defensive", "strictest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerAttributes:
    """The attributes that the data plane acts on, typed. Durations in load-balancer seconds."""

    idle_timeout_s: int = 60
    client_keep_alive_s: int = 3600
    desync_mitigation_mode: DesyncMode = "defensive"
    drop_invalid_header_fields: bool = False
    preserve_host_header: bool = False
    tls_version_and_cipher_suite_headers: bool = False
    xff_client_port: bool = False
    xff_header_processing: XffMode = "append"
    access_logs: bool = False

    @classmethod
    def from_wire(cls, given: Mapping[str, str]) -> LoadBalancerAttributes:
        """Read AWS's keys and string values; what is not given has AWS's default. Raises AttributeValueError."""
        values = resolve(LOAD_BALANCER_ATTRIBUTES, given)
        tls_headers = values["routing.http.x_amzn_tls_version_and_cipher_suite.enabled"]
        return cls(
            idle_timeout_s=int(values["idle_timeout.timeout_seconds"]),
            client_keep_alive_s=int(values["client_keep_alive.seconds"]),
            desync_mitigation_mode=cast("DesyncMode", values["routing.http.desync_mitigation_mode"]),
            drop_invalid_header_fields=values["routing.http.drop_invalid_header_fields.enabled"] == "true",
            preserve_host_header=values["routing.http.preserve_host_header.enabled"] == "true",
            tls_version_and_cipher_suite_headers=tls_headers == "true",
            xff_client_port=values["routing.http.xff_client_port.enabled"] == "true",
            xff_header_processing=cast("XffMode", values["routing.http.xff_header_processing.mode"]),
            access_logs=values["access_logs.s3.enabled"] == "true",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupAttributes:
    """The target group attributes that are acted on, typed. Durations in load-balancer seconds."""

    deregistration_delay_s: int = 300

    @classmethod
    def from_wire(cls, given: Mapping[str, str]) -> TargetGroupAttributes:
        """Read AWS's keys and string values; what is not given has AWS's default. Raises AttributeValueError."""
        values = resolve(TARGET_GROUP_ATTRIBUTES, given)
        return cls(deregistration_delay_s=int(values["deregistration_delay.timeout_seconds"]))
