"""Attributes: AWS's keys, defaults and ranges; what simlb does not do is refused (reference 1.1.1, 1.5.1)."""

from __future__ import annotations

import pytest

from simlb.core.attributes import (
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    AttributeValueError,
    LoadBalancerAttributes,
    TargetGroupAttributes,
)


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("idle_timeout.timeout_seconds", "60"),
        ("client_keep_alive.seconds", "3600"),
        ("routing.http.desync_mitigation_mode", "defensive"),
        ("routing.http.drop_invalid_header_fields.enabled", "false"),
        ("routing.http.preserve_host_header.enabled", "false"),
        ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
        ("routing.http.xff_client_port.enabled", "false"),
        ("routing.http.xff_header_processing.mode", "append"),
        ("routing.http2.enabled", "true"),
        ("access_logs.s3.enabled", "false"),
        ("access_logs.s3.bucket", ""),
        ("deletion_protection.enabled", "false"),
        ("load_balancing.cross_zone.enabled", "true"),
        ("waf.fail_open.enabled", "false"),
        ("zonal_shift.config.enabled", "false"),
    ],
)
def test_load_balancer_defaults(key: str, default: str) -> None:
    assert LOAD_BALANCER_ATTRIBUTES[key].default == default


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("deregistration_delay.timeout_seconds", "300"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("load_balancing.algorithm.anomaly_mitigation", "off"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        ("stickiness.enabled", "false"),
        ("slow_start.duration_seconds", "0"),
    ],
)
def test_target_group_defaults(key: str, default: str) -> None:
    assert TARGET_GROUP_ATTRIBUTES[key].default == default


def test_every_default_is_a_value_that_its_own_row_accepts() -> None:
    for row in (*LOAD_BALANCER_ATTRIBUTES.values(), *TARGET_GROUP_ATTRIBUTES.values()):
        row.check(row.default)


def test_nothing_given_is_all_defaults() -> None:
    assert LoadBalancerAttributes.from_wire({}) == LoadBalancerAttributes()
    assert TargetGroupAttributes.from_wire({}) == TargetGroupAttributes()


@pytest.mark.parametrize(
    ("key", "value", "name", "typed"),
    [
        ("idle_timeout.timeout_seconds", "1", "idle_timeout_s", 1),
        ("idle_timeout.timeout_seconds", "4000", "idle_timeout_s", 4000),
        ("client_keep_alive.seconds", "604800", "client_keep_alive_s", 604800),
        ("routing.http.desync_mitigation_mode", "strictest", "desync_mitigation_mode", "strictest"),
        ("routing.http.drop_invalid_header_fields.enabled", "true", "drop_invalid_header_fields", True),
        ("routing.http.preserve_host_header.enabled", "true", "preserve_host_header", True),
        (
            "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
            "true",
            "tls_version_and_cipher_suite_headers",
            True,
        ),
        ("routing.http.xff_client_port.enabled", "true", "xff_client_port", True),
        ("routing.http.xff_header_processing.mode", "preserve", "xff_header_processing", "preserve"),
        ("access_logs.s3.enabled", "true", "access_logs", True),
    ],
)
def test_what_reaches_the_data_plane(key: str, value: str, name: str, typed: object) -> None:
    found = getattr(LoadBalancerAttributes.from_wire({key: value}), name)
    assert (found, type(found)) == (typed, type(typed))


def test_the_deregistration_delay_may_be_zero() -> None:
    given = {"deregistration_delay.timeout_seconds": "0"}
    assert TargetGroupAttributes.from_wire(given).deregistration_delay_s == 0


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("idle_timeout.timeout_seconds", "0", "'idle_timeout.timeout_seconds' value '0' must be between '1-4000'"),
        ("idle_timeout.timeout_seconds", "4001", "must be between '1-4000' inclusive"),
        ("idle_timeout.timeout_seconds", "-1", "must be between"),
        ("idle_timeout.timeout_seconds", "60.5", "must be between"),
        ("idle_timeout.timeout_seconds", "６０", "must be between"),
        ("idle_timeout.timeout_seconds", "", "must be between"),
        ("client_keep_alive.seconds", "59", "must be between '60-604800' inclusive"),
        ("client_keep_alive.seconds", "604801", "must be between"),
        ("routing.http.desync_mitigation_mode", "off", "must be one of 'monitor', 'defensive', 'strictest'"),
        ("routing.http.xff_client_port.enabled", "True", "must be one of 'true', 'false'"),
        ("deletion_protection.enabled", "true", "is not supported by simlb yet \\(only 'false'\\)"),
        ("load_balancing.cross_zone.enabled", "false", "is not supported by simlb yet"),
        ("access_logs.s3.bucket", "my-logs", "is not supported by simlb yet"),
        ("dns_record.client_routing_policy", "any", "attribute key 'dns_record.client_routing_policy' is not recog"),
    ],
)
def test_refused_for_a_load_balancer(key: str, value: str, message: str) -> None:
    with pytest.raises(AttributeValueError, match=message):
        LoadBalancerAttributes.from_wire({key: value})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "deregistration_delay.timeout_seconds",
            "3601",
            "'deregistration_delay.timeout_seconds' value '3601' must be between '0-3600' inclusive",
        ),
        ("load_balancing.algorithm.type", "least_outstanding_requests", "is not supported by simlb yet"),
        ("load_balancing.algorithm.type", "fastest", "must be one of 'round_robin'"),
        ("stickiness.enabled", "true", "is not supported by simlb yet"),
        ("slow_start.duration_seconds", "30", "is not supported by simlb yet"),
        ("preserve_client_ip.enabled", "true", "is not recognized"),
    ],
)
def test_refused_for_a_target_group(key: str, value: str, message: str) -> None:
    with pytest.raises(AttributeValueError, match=message):
        TargetGroupAttributes.from_wire({key: value})


def test_a_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    with pytest.raises(AttributeValueError, match="must be between"):
        LoadBalancerAttributes.from_wire({"idle_timeout.timeout_seconds": "9" * 5000})
