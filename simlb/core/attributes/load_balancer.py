"""The attributes of a load balancer: the table of reference 1.1.1, and those that simlb acts on, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from simlb.core.attributes.table import Attribute, flag, resolve, table

XffMode = Literal["append", "preserve", "remove"]
DesyncMode = Literal["monitor", "defensive", "strictest"]

LOAD_BALANCER_ATTRIBUTES: Mapping[str, Attribute] = table(
    Attribute(key="idle_timeout.timeout_seconds", kind="int", default="60", low=1, high=4000),
    Attribute(key="client_keep_alive.seconds", kind="int", default="3600", low=60, high=604800),
    Attribute(
        key="routing.http.desync_mitigation_mode",
        kind="enum",
        default="defensive",
        choices=("monitor", "defensive", "strictest"),
    ),
    flag("routing.http.drop_invalid_header_fields.enabled"),
    flag("routing.http.preserve_host_header.enabled"),
    flag("routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
    flag("routing.http.xff_client_port.enabled"),
    Attribute(
        key="routing.http.xff_header_processing.mode",
        kind="enum",
        default="append",
        choices=("append", "preserve", "remove"),
    ),
    flag("access_logs.s3.enabled"),
    # HTTP/2 is not spoken yet: the default "true" is accepted as what AWS would say, and means nothing so far.
    flag("routing.http2.enabled", "true"),
    flag("deletion_protection.enabled"),
    flag("load_balancing.cross_zone.enabled", "true", supported=False),
    Attribute(key="access_logs.s3.bucket", kind="str", default="", supported=False),
    Attribute(key="access_logs.s3.prefix", kind="str", default="", supported=False),
    flag("connection_logs.s3.enabled", supported=False),
    Attribute(key="connection_logs.s3.bucket", kind="str", default="", supported=False),
    Attribute(key="connection_logs.s3.prefix", kind="str", default="", supported=False),
    flag("health_check_logs.s3.enabled", supported=False),
    Attribute(key="health_check_logs.s3.bucket", kind="str", default="", supported=False),
    Attribute(key="health_check_logs.s3.prefix", kind="str", default="", supported=False),
    # The default is "true" for internal ones. There is no internet gateway here to let in or to keep out.
    Attribute(
        key="ipv6.deny_all_igw_traffic", kind="bool", default="false", supported=False, same_as_default=("true",)
    ),
    flag("zonal_shift.config.enabled", supported=False),
    flag("waf.fail_open.enabled", supported=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerAttributes:
    """The attributes that simlb acts on, typed. Durations in load-balancer seconds."""

    idle_timeout_s: int = 60
    client_keep_alive_s: int = 3600
    desync_mitigation_mode: DesyncMode = "defensive"
    drop_invalid_header_fields: bool = False
    preserve_host_header: bool = False
    tls_version_and_cipher_suite_headers: bool = False
    xff_client_port: bool = False
    xff_header_processing: XffMode = "append"
    access_logs: bool = False
    deletion_protection: bool = False
    given: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The wire strings it was read from."""

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
            deletion_protection=values["deletion_protection.enabled"] == "true",
            given=dict(given),
        )

    def to_wire(self) -> dict[str, str]:
        """Every attribute with its value in force, as AWS shows them."""
        return {key: self.given.get(key, row.default) for key, row in LOAD_BALANCER_ATTRIBUTES.items()}
