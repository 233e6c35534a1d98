"""Attributes: AWS's keys, defaults and ranges; what simlb does not do is refused (reference 1.1.1, 1.5.1)."""

from __future__ import annotations

import pytest

from simlb.core import response_headers
from simlb.core.attributes import (
    HTTP_LISTENER_ATTRIBUTES,
    HTTPS_LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    AttributeValueError,
    ListenerAttributes,
    LoadBalancerAttributes,
    LogBucket,
    TargetGroupAttributes,
    check_combinations,
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
        ("access_logs.s3.prefix", ""),
        ("connection_logs.s3.enabled", "false"),
        ("connection_logs.s3.bucket", ""),
        ("connection_logs.s3.prefix", ""),
        ("health_check_logs.s3.enabled", "false"),
        ("health_check_logs.s3.bucket", ""),
        ("health_check_logs.s3.prefix", ""),
        ("deletion_protection.enabled", "false"),
        ("load_balancing.cross_zone.enabled", "true"),
        ("waf.fail_open.enabled", "false"),
        ("zonal_shift.config.enabled", "false"),
    ],
)
def test_load_balancer_defaults(key: str, default: str) -> None:
    assert LOAD_BALANCER_ATTRIBUTES[key].default == default


RESPONSE = "routing.http.response"
REQUEST = "routing.http.request"


@pytest.mark.parametrize(
    ("key", "value", "is_fine"),
    [
        (f"{RESPONSE}.server.enabled", "false", True),
        (f"{RESPONSE}.server.enabled", "no", False),
        (f"{RESPONSE}.strict_transport_security.header_value", "max-age=31536000; includeSubDomains", True),
        (f"{RESPONSE}.access_control_allow_origin.header_value", "https://shop.test", True),
        (f"{RESPONSE}.access_control_max_age.header_value", "-1", True),
        (f"{RESPONSE}.content_security_policy.header_value", "default-src 'self'; img-src *", True),
        (f"{RESPONSE}.x_frame_options.header_value", "DENY\r\nX: y", False),
        (f"{RESPONSE}.x_frame_options.header_value", '"DENY"', False),
        (f"{RESPONSE}.x_frame_options.header_value", "허용", False),
        (f"{RESPONSE}.x_frame_options.header_value", "x" * 1024, True),
        (f"{RESPONSE}.x_frame_options.header_value", "x" * 1025, False),
        (f"{REQUEST}.x_amzn_tls_version.header_name", "X-Tls", True),
        (f"{REQUEST}.x_amzn_tls_version.header_name", "X Tls", False),
        (f"{REQUEST}.x_amzn_tls_version.header_name", "", False),
        (f"{REQUEST}.x_amzn_tls_version.header_name", "Transfer-Encoding", False),
        (f"{REQUEST}.x_amzn_mtls_clientcert_leaf.header_name", "X-Leaf", True),
    ],
)
def test_values_of_listener_attributes(key: str, value: str, is_fine: bool) -> None:
    if is_fine:
        read = ListenerAttributes.from_wire({key: value})
        assert read.to_wire(HTTPS_LISTENER_ATTRIBUTES)[key] == value
    else:
        with pytest.raises(AttributeValueError):
            ListenerAttributes.from_wire({key: value})


def test_without_attributes_a_listener_changes_no_header() -> None:
    assert response_headers.compiled(ListenerAttributes()) is None


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("deregistration_delay.timeout_seconds", "300"),
        ("load_balancing.algorithm.type", "round_robin"),
        ("load_balancing.algorithm.anomaly_mitigation", "off"),
        ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        ("stickiness.enabled", "false"),
        ("stickiness.type", "lb_cookie"),
        ("stickiness.lb_cookie.duration_seconds", "86400"),
        ("stickiness.app_cookie.cookie_name", ""),
        ("stickiness.app_cookie.duration_seconds", "86400"),
        ("slow_start.duration_seconds", "0"),
        ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
        ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
        ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
        ("lambda.multi_value_headers.enabled", "false"),
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
        ("access_logs.s3.enabled", "true", "access_logs", LogBucket()),
        ("connection_logs.s3.enabled", "true", "connection_logs", LogBucket(bucket="simlb-logs", prefix="")),
        ("health_check_logs.s3.enabled", "true", "health_check_logs", LogBucket()),
    ],
)
def test_what_reaches_the_data_plane(key: str, value: str, name: str, typed: object) -> None:
    found = getattr(LoadBalancerAttributes.from_wire({key: value}), name)
    assert (found, type(found)) == (typed, type(typed))


_ROUTING = "target_group_health.unhealthy_state_routing.minimum_healthy_targets"
_DNS = "target_group_health.dns_failover.minimum_healthy_targets"


@pytest.mark.parametrize(
    ("given", "name", "typed"),
    [
        ({"deregistration_delay.timeout_seconds": "0"}, "deregistration_delay_s", 0),
        (
            {"load_balancing.algorithm.type": "least_outstanding_requests"},
            "algorithm",
            "least_outstanding_requests",
        ),
        (
            {"load_balancing.algorithm.type": "weighted_random", "load_balancing.algorithm.anomaly_mitigation": "on"},
            "anomaly_mitigation",
            True,
        ),
        ({"slow_start.duration_seconds": "0"}, "slow_start_s", 0),
        ({"slow_start.duration_seconds": "30"}, "slow_start_s", 30),
        ({"slow_start.duration_seconds": "900"}, "slow_start_s", 900),
        ({"stickiness.enabled": "true"}, "stickiness_enabled", True),
        ({"stickiness.type": "app_cookie"}, "stickiness_type", "app_cookie"),
        ({"stickiness.lb_cookie.duration_seconds": "1"}, "lb_cookie_duration_s", 1),
        ({"stickiness.app_cookie.cookie_name": "JSESSIONID"}, "app_cookie_name", "JSESSIONID"),
        ({"stickiness.app_cookie.duration_seconds": "604800"}, "app_cookie_duration_s", 604800),
        ({f"{_ROUTING}.count": "3"}, "minimum_healthy_targets_count", 3),
        ({f"{_ROUTING}.percentage": "50"}, "minimum_healthy_targets_percentage", 50),
        ({f"{_ROUTING}.percentage": "off"}, "minimum_healthy_targets_percentage", None),
    ],
)
def test_what_a_target_group_does(given: dict[str, str], name: str, typed: object) -> None:
    found = getattr(TargetGroupAttributes.from_wire(given), name)
    assert (found, type(found)) == (typed, type(typed))


@pytest.mark.parametrize("scheme_default", ["false", "true"], ids=["internet-facing", "internal"])
def test_ipv6_traffic_of_an_internet_gateway_may_be_what_either_scheme_has(scheme_default: str) -> None:
    given = {"ipv6.deny_all_igw_traffic": scheme_default}
    assert LoadBalancerAttributes.from_wire(given) == LoadBalancerAttributes()


@pytest.mark.parametrize("given", [{"count": "2"}, {"count": "off"}, {"percentage": "50"}, {"percentage": "off"}])
def test_no_dns_failover_takes_the_only_zone_out_of_dns(given: dict[str, str]) -> None:
    given = {f"{_DNS}.{unit}": value for unit, value in given.items()}
    found = TargetGroupAttributes.from_wire(given)
    assert found == TargetGroupAttributes()
    assert found.to_wire().items() >= given.items()


def test_cross_zone_as_an_alb_always_has_it_is_accepted() -> None:
    assert TargetGroupAttributes.from_wire({"load_balancing.cross_zone.enabled": "true"}) == TargetGroupAttributes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "slow_start.duration_seconds=30 load_balancing.algorithm.type=least_outstanding_requests",
            "Slow start mode is not supported with the load balancing algorithm 'least_outstanding_requests'",
        ),
        (
            "slow_start.duration_seconds=30 load_balancing.algorithm.type=weighted_random",
            "Slow start mode is not supported with the load balancing algorithm 'weighted_random'",
        ),
        (
            "stickiness.enabled=true load_balancing.algorithm.type=weighted_random",
            "Stickiness is not supported with the load balancing algorithm 'weighted_random'",
        ),
        (
            "load_balancing.algorithm.anomaly_mitigation=on",
            "Anomaly mitigation is not supported with the load balancing algorithm 'round_robin'",
        ),
        (
            "stickiness.enabled=true stickiness.type=app_cookie",
            "You must set an application cookie name to enable stickiness of type 'app_cookie'",
        ),
        (f"{_DNS}.count=1 {_ROUTING}.count=2", f"'{_DNS}.count' value '1' must not be smaller than"),
        (
            "stickiness.type=source_ip",
            "Stickiness type 'source_ip' is not supported for target groups with the HTTP protocol",
        ),
    ],
)
def test_what_does_not_go_together(given: str, message: str) -> None:
    with pytest.raises(AttributeValueError, match=message) as caught:
        TargetGroupAttributes.from_wire(dict(item.split("=") for item in given.split()))
    assert caught.value.code == "InvalidConfigurationRequest"


@pytest.mark.parametrize(
    "given",
    [
        "stickiness.type=app_cookie",
        "stickiness.enabled=true stickiness.type=app_cookie stickiness.app_cookie.cookie_name=sid",
        "stickiness.enabled=false load_balancing.algorithm.type=weighted_random",
        "stickiness.enabled=true load_balancing.algorithm.type=least_outstanding_requests",
        "stickiness.enabled=true slow_start.duration_seconds=30",
        "slow_start.duration_seconds=0 load_balancing.algorithm.type=weighted_random",
        f"{_ROUTING}.count=2",
        f"{_DNS}.count=1 {_ROUTING}.count=1",
        f"{_DNS}.percentage=off {_ROUTING}.percentage=50",
    ],
)
def test_what_does_go_together(given: str) -> None:
    check_combinations(dict(item.split("=") for item in given.split()))


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
        ("deletion_protection.enabled", "yes", "must be one of 'true', 'false'"),
        ("zonal_shift.config.enabled", "true", "is not supported by simlb yet \\(only 'false'\\)"),
        ("load_balancing.cross_zone.enabled", "false", "is not supported by simlb yet"),
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
        ("load_balancing.algorithm.type", "fastest", "must be one of 'round_robin'"),
        ("load_balancing.algorithm.anomaly_mitigation", "true", "must be one of 'on', 'off'"),
        ("load_balancing.cross_zone.enabled", "false", "is not supported by simlb yet"),
        ("stickiness.type", "cookie", "must be one of 'lb_cookie', 'app_cookie'"),
        ("stickiness.lb_cookie.duration_seconds", "0", "must be between '1-604800' inclusive"),
        ("stickiness.app_cookie.duration_seconds", "604801", "must be between '1-604800' inclusive"),
        ("stickiness.app_cookie.cookie_name", "my cookie", "is not a cookie name"),
        ("stickiness.app_cookie.cookie_name", "a=b", "is not a cookie name"),
        ("stickiness.app_cookie.cookie_name", "sid\n", "is not a cookie name"),
        ("stickiness.app_cookie.cookie_name", "x" * 1025, "is too long; the limit is '1024'"),
        ("stickiness.app_cookie.cookie_name", "AWSALB", "must not begin with AWSALB, AWSALBAPP or AWSALBTG"),
        ("stickiness.app_cookie.cookie_name", "AWSALBAPP-0", "must not begin with"),
        ("stickiness.app_cookie.cookie_name", "AWSALBTGCORS", "must not begin with"),
        ("slow_start.duration_seconds", "29", "must be '0' or between '30-900' inclusive"),
        ("slow_start.duration_seconds", "901", "must be '0' or between '30-900' inclusive"),
        (f"{_ROUTING}.count", "off", "must be between '1-1000' inclusive"),
        (f"{_ROUTING}.count", "0", "must be between '1-1000' inclusive"),
        (f"{_ROUTING}.percentage", "101", "must be 'off' or between '1-100' inclusive"),
        (f"{_DNS}.count", "0", "must be 'off' or between '1-1000' inclusive"),
        (f"{_DNS}.percentage", "101", "must be 'off' or between '1-100' inclusive"),
        ("lambda.multi_value_headers.enabled", "true", "is not supported by simlb yet"),
        ("waf.http2.traffic_inspection_behavior", "inspect_after_sufficient_data", "is not supported by simlb yet"),
        ("preserve_client_ip.enabled", "true", "is not recognized"),
        ("proxy_protocol_v2.enabled", "true", "is not recognized"),
        ("deregistration_delay.connection_termination.enabled", "true", "is not recognized"),
        ("target_health_state.unhealthy.connection_termination.enabled", "true", "is not recognized"),
        ("target_failover.on_unhealthy", "rebalance", "is not recognized"),
    ],
)
def test_refused_for_a_target_group(key: str, value: str, message: str) -> None:
    with pytest.raises(AttributeValueError, match=message):
        TargetGroupAttributes.from_wire({key: value})


def test_a_number_of_thousands_of_digits_is_refused_like_any_other() -> None:
    with pytest.raises(AttributeValueError, match="must be between"):
        LoadBalancerAttributes.from_wire({"idle_timeout.timeout_seconds": "9" * 5000})


LOGS = ["access_logs", "connection_logs", "health_check_logs"]


@pytest.mark.parametrize("kind", LOGS)
def test_where_logs_go(kind: str) -> None:
    given = {f"{kind}.s3.bucket": "my-logs", f"{kind}.s3.prefix": "web/prod"}
    assert getattr(LoadBalancerAttributes.from_wire(given), kind) is None, "not enabled"
    attributes = LoadBalancerAttributes.from_wire({**given, f"{kind}.s3.enabled": "true"})
    assert getattr(attributes, kind) == LogBucket(bucket="my-logs", prefix="web/prod")


@pytest.mark.parametrize(
    ("bucket", "is_good"),
    [
        ("abc", True),
        ("a1.b-c", True),
        ("1abc", True),
        ("x" * 63, True),
        ("", True),
        ("ab", False),
        ("x" * 64, False),
        ("My-logs", False),
        ("my_logs", False),
        ("-logs", False),
        ("logs-", False),
        (".logs", False),
        ("logs.", False),
        ("a..b", False),
        ("..", False),
        ("../x", False),
        ("a/b", False),
        ("/etc", False),
        ("logs\n", False),
        ("logs\0", False),
        ("192.168.5.4", False),
        ("xn--logs", False),
        ("sthree-logs", False),
        ("amzn-s3-demo-bucket", False),
        ("logs-s3alias", False),
        ("logs--ol-s3", False),
        ("logs--x-s3", False),
        ("ｌｏｇｓ", False),
    ],
)
def test_names_of_buckets(bucket: str, is_good: bool) -> None:
    for kind in LOGS:
        if is_good:
            LoadBalancerAttributes.from_wire({f"{kind}.s3.bucket": bucket})
        else:
            with pytest.raises(AttributeValueError, match="is not a bucket name"):
                LoadBalancerAttributes.from_wire({f"{kind}.s3.bucket": bucket})


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("", None),
        ("web", None),
        ("web/prod-1/env=a", None),
        ("a.b/..c", None),
        ("awslogs", None),
        ("x" * 200, None),
        ("AWSLogs", "must not contain 'AWSLogs'"),
        ("a/AWSLogs/b", "must not contain 'AWSLogs'"),
        ("myAWSLogs", "must not contain 'AWSLogs'"),
        ("..", "is not a prefix"),
        ("a/../../b", "is not a prefix"),
        ("./a", "is not a prefix"),
        ("...", "is not a prefix"),
        ("/etc", "is not a prefix"),
        ("a/", "is not a prefix"),
        ("a//b", "is not a prefix"),
        ("a\\b", "is not a prefix"),
        ("C:", "is not a prefix"),
        ("a\0b", "is not a prefix"),
        ("a\n", "is not a prefix"),
        ("가", "is not a prefix"),
        ("x" * 201, "is not a prefix"),
        ("/".join(["x" * 100] * 6), "is not a prefix"),
    ],
)
def test_prefixes(prefix: str, message: str | None) -> None:
    for kind in LOGS:
        if message is None:
            LoadBalancerAttributes.from_wire({f"{kind}.s3.prefix": prefix})
        else:
            with pytest.raises(AttributeValueError, match=message):
                LoadBalancerAttributes.from_wire({f"{kind}.s3.prefix": prefix})


def test_values_in_force_are_what_was_given_and_else_the_defaults() -> None:
    balancer = LoadBalancerAttributes.from_wire({"idle_timeout.timeout_seconds": "7", "routing.http2.enabled": "false"})
    defaults = {key: row.default for key, row in LOAD_BALANCER_ATTRIBUTES.items()}
    changed = {"idle_timeout.timeout_seconds": "7", "routing.http2.enabled": "false"}
    assert balancer.to_wire() == defaults | changed
    assert LoadBalancerAttributes().to_wire() == defaults
    group = TargetGroupAttributes.from_wire({"slow_start.duration_seconds": "30"})
    defaults = {key: row.default for key, row in TARGET_GROUP_ATTRIBUTES.items()}
    assert group.to_wire() == defaults | {"slow_start.duration_seconds": "30"}
    assert group == TargetGroupAttributes(slow_start_s=30)


def test_listener_attributes() -> None:
    """HTTPS listeners have eight more: the names under which targets see headers about TLS (reference 1.2.1)."""
    assert (len(HTTP_LISTENER_ATTRIBUTES), len(HTTPS_LISTENER_ATTRIBUTES)) == (11, 19)
    assert all(row.default == "" for key, row in HTTP_LISTENER_ATTRIBUTES.items() if key.endswith(".header_value"))
    version = HTTPS_LISTENER_ATTRIBUTES["routing.http.request.x_amzn_tls_version.header_name"]
    assert version.default == "X-Amzn-Tls-Version"
