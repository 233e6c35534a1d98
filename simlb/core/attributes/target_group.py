"""The attributes of a target group: the table of reference 1.5.1, what must not be combined, and the typed form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from simlb.core.attributes.table import Attribute, AttributeValueError, flag, resolve, table

AlgorithmType = Literal["round_robin", "least_outstanding_requests", "weighted_random"]
StickinessType = Literal["lb_cookie", "app_cookie"]

_TARGETS_MAX = 1000  # of a target group (reference 1.6)
_STICKINESS_MAX_S = 604800
_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110 5.6.2)
_RESERVED_PREFIX = "AWSALB"  # AWSALBAPP and AWSALBTG begin with it
_SOURCE_IP_TYPES = frozenset({"source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"})


def _cookie_name_rule(value: str) -> None:
    key = "stickiness.app_cookie.cookie_name"
    if value and _COOKIE_NAME.fullmatch(value) is None:
        raise AttributeValueError(f"'{key}' value '{value}' is not a cookie name")
    if value.startswith(_RESERVED_PREFIX):
        raise AttributeValueError(f"'{key}' value '{value}' must not begin with AWSALB, AWSALBAPP or AWSALBTG")


def _stickiness_type_rule(value: str) -> None:
    if value in _SOURCE_IP_TYPES:
        raise AttributeValueError(
            f"Stickiness type '{value}' is not supported for target groups with the HTTP protocol",
            code="InvalidConfigurationRequest",
        )


_DNS_FAILOVER = "target_group_health.dns_failover.minimum_healthy_targets"
_ROUTING = "target_group_health.unhealthy_state_routing.minimum_healthy_targets"


# NLB's and GWLB's keys (`preserve_client_ip.enabled`, `target_failover.*` ...) are absent: not recognized.
TARGET_GROUP_ATTRIBUTES: Mapping[str, Attribute] = table(
    Attribute(key="deregistration_delay.timeout_seconds", kind="int", default="300", low=0, high=3600),
    Attribute(
        key="load_balancing.algorithm.type",
        kind="enum",
        default="round_robin",
        choices=("round_robin", "least_outstanding_requests", "weighted_random"),
    ),
    Attribute(key="load_balancing.algorithm.anomaly_mitigation", kind="enum", default="off", choices=("on", "off")),
    Attribute(
        key="load_balancing.cross_zone.enabled",
        kind="enum",
        default="use_load_balancer_configuration",
        choices=("true", "false", "use_load_balancer_configuration"),
        supported=False,
        same_as_default=("true",),  # an Application Load Balancer's own configuration is always true
    ),
    Attribute(key="slow_start.duration_seconds", kind="int", default="0", low=30, high=900, choices=("0",)),
    flag("stickiness.enabled"),
    Attribute(
        key="stickiness.type",
        kind="enum",
        default="lb_cookie",
        choices=("lb_cookie", "app_cookie"),
        rule=_stickiness_type_rule,
    ),
    Attribute(key="stickiness.lb_cookie.duration_seconds", kind="int", default="86400", low=1, high=_STICKINESS_MAX_S),
    Attribute(key="stickiness.app_cookie.cookie_name", kind="str", default="", rule=_cookie_name_rule),
    Attribute(key="stickiness.app_cookie.duration_seconds", kind="int", default="86400", low=1, high=_STICKINESS_MAX_S),
    Attribute(key=f"{_ROUTING}.count", kind="int", default="1", low=1, high=_TARGETS_MAX),
    Attribute(key=f"{_ROUTING}.percentage", kind="int", default="off", low=1, high=100, choices=("off",)),
    # There is one zone, and when all zones are unhealthy all of them stay in DNS (reference 2.4): whatever is written,
    # simlb does the same. Terraform sends both whenever it changes the routing threshold.
    Attribute(key=f"{_DNS_FAILOVER}.count", kind="int", default="1", low=1, high=_TARGETS_MAX, choices=("off",)),
    Attribute(key=f"{_DNS_FAILOVER}.percentage", kind="int", default="off", low=1, high=100, choices=("off",)),
    flag("lambda.multi_value_headers.enabled", supported=False),
    # What the default, to inspect at once, is called is unconfirmed (reference 1.5.1).
    Attribute(key="waf.http2.traffic_inspection_behavior", kind="str", default="", supported=False),
)


def check_combinations(given: Mapping[str, str]) -> None:
    """Refuse what must not go together (reference 1.5.1). Values are wire strings that their rows accept.

    Raises AttributeValueError with the code `InvalidConfigurationRequest`.
    """
    values = {key: row.default for key, row in TARGET_GROUP_ATTRIBUTES.items()} | dict(given)
    algorithm = values["load_balancing.algorithm.type"]
    is_sticky = values["stickiness.enabled"] == "true"
    if values["slow_start.duration_seconds"] != "0" and algorithm != "round_robin":
        _refuse(f"Slow start mode is not supported with the load balancing algorithm '{algorithm}'")
    if is_sticky and algorithm == "weighted_random":
        _refuse(f"Stickiness is not supported with the load balancing algorithm '{algorithm}'")
    if values["load_balancing.algorithm.anomaly_mitigation"] == "on" and algorithm != "weighted_random":
        _refuse(f"Anomaly mitigation is not supported with the load balancing algorithm '{algorithm}'")
    if is_sticky and values["stickiness.type"] == "app_cookie" and not values["stickiness.app_cookie.cookie_name"]:
        _refuse("You must set an application cookie name to enable stickiness of type 'app_cookie'")
    for unit in ("count", "percentage"):
        # "When both are set": the default of 1 healthy target counts only where it is written.
        dns, routing = given.get(f"{_DNS_FAILOVER}.{unit}", "off"), given.get(f"{_ROUTING}.{unit}", "off")
        if "off" not in {dns, routing} and int(dns) < int(routing):
            _refuse(f"'{_DNS_FAILOVER}.{unit}' value '{dns}' must not be smaller than '{_ROUTING}.{unit}' '{routing}'")


def _refuse(message: str) -> None:
    raise AttributeValueError(message, code="InvalidConfigurationRequest")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupAttributes:
    """The target group attributes that are acted on, typed. Durations in load-balancer seconds.

    `slow_start_s` 0 is off. `app_cookie_name` is empty unless set. Fewer healthy targets than
    `minimum_healthy_targets_count`, or than `minimum_healthy_targets_percentage` of the registered ones (None: off),
    and traffic goes to all registered targets (reference 2.4).
    """

    deregistration_delay_s: int = 300
    algorithm: AlgorithmType = "round_robin"
    anomaly_mitigation: bool = False
    slow_start_s: int = 0
    stickiness_enabled: bool = False
    stickiness_type: StickinessType = "lb_cookie"
    lb_cookie_duration_s: int = 86400
    app_cookie_name: str = ""
    app_cookie_duration_s: int = 86400
    minimum_healthy_targets_count: int = 1
    minimum_healthy_targets_percentage: int | None = None
    given: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """The wire strings it was read from."""

    @classmethod
    def from_wire(cls, given: Mapping[str, str]) -> TargetGroupAttributes:
        """Read AWS's keys and string values; what is not given has AWS's default. Raises AttributeValueError."""
        values = resolve(TARGET_GROUP_ATTRIBUTES, given)
        check_combinations(given)
        percentage = values[f"{_ROUTING}.percentage"]
        return cls(
            deregistration_delay_s=int(values["deregistration_delay.timeout_seconds"]),
            algorithm=cast("AlgorithmType", values["load_balancing.algorithm.type"]),
            anomaly_mitigation=values["load_balancing.algorithm.anomaly_mitigation"] == "on",
            slow_start_s=int(values["slow_start.duration_seconds"]),
            stickiness_enabled=values["stickiness.enabled"] == "true",
            stickiness_type=cast("StickinessType", values["stickiness.type"]),
            lb_cookie_duration_s=int(values["stickiness.lb_cookie.duration_seconds"]),
            app_cookie_name=values["stickiness.app_cookie.cookie_name"],
            app_cookie_duration_s=int(values["stickiness.app_cookie.duration_seconds"]),
            minimum_healthy_targets_count=int(values[f"{_ROUTING}.count"]),
            minimum_healthy_targets_percentage=None if percentage == "off" else int(percentage),
            given=dict(given),
        )

    def to_wire(self) -> dict[str, str]:
        """Every attribute with its value in force, as AWS shows them."""
        return {key: self.given.get(key, row.default) for key, row in TARGET_GROUP_ATTRIBUTES.items()}
