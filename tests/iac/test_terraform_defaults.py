"""What Terraform's AWS provider (v6) sends at its defaults and in newer arguments, beside what was recorded of 5.100.0.

Written out from what is known of the provider. Neither recorded nor run with the real program.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simlb.core import ids
from simlb.testing import ALB, Clock
from tests.aws import REGION, elbv2

SUBNETS = [ids.subnet_id(zone) for zone in ids.zones(REGION)[:2]]

LOAD_BALANCER = {
    "access_logs.s3.enabled": "false",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
TARGET_GROUP = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
OF_HTTP = (
    "strict_transport_security",
    "access_control_allow_origin",
    "access_control_allow_methods",
    "access_control_allow_headers",
    "access_control_allow_credentials",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "x_content_type_options",
    "x_frame_options",
)
LISTENER = {
    "routing.http.response.server.enabled": "true",
    **{f"routing.http.response.{header}.header_value": "" for header in OF_HTTP},
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Any]:
    """A client of one instance."""
    alb = ALB("shop", clock=Clock("manual"), control=True)
    alb.listen(80).forward(alb.target_group("web", "http://127.0.0.1:9"))
    with alb.start() as lb, elbv2(lb.control_url) as client:
        yield client


def listed(values: dict[str, str]) -> list[dict[str, str]]:
    """As calls have them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def told(answer: dict[str, Any]) -> dict[str, str]:
    """As the provider reads them into its state."""
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}


def test_attributes_at_the_providers_defaults_are_accepted_and_read_back(aws: Any) -> None:
    created = aws.create_load_balancer(Name="v6", Subnets=SUBNETS, Type="application", IpAddressType="ipv4")
    arn = created["LoadBalancers"][0]["LoadBalancerArn"]
    aws.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=listed(LOAD_BALANCER))
    read = told(aws.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert read.items() >= LOAD_BALANCER.items()
    aws.modify_ip_pools(LoadBalancerArn=arn, RemoveIpamPools=["ipv4"])
    aws.modify_capacity_reservation(LoadBalancerArn=arn, ResetCapacityReservation=True)
    group = aws.create_target_group(
        Name="v6",
        Protocol="HTTP",
        ProtocolVersion="HTTP1",
        Port=80,
        VpcId=ids.vpc_id(REGION),
        IpAddressType="ipv4",
        HealthCheckEnabled=True,
    )["TargetGroups"][0]
    assert group.items() >= {"ProtocolVersion": "HTTP1", "IpAddressType": "ipv4", "HealthCheckEnabled": True}.items()
    aws.modify_target_group_attributes(TargetGroupArn=group["TargetGroupArn"], Attributes=listed(TARGET_GROUP))
    read = told(aws.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"]))
    assert read.items() >= TARGET_GROUP.items()


def test_listeners_and_rules_have_what_the_provider_has_learnt(aws: Any) -> None:
    (balancer,) = aws.describe_load_balancers(Names=["shop"])["LoadBalancers"]
    (listener,) = aws.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    arn = listener["ListenerArn"]
    aws.modify_listener_attributes(ListenerArn=arn, Attributes=listed(LISTENER))
    assert told(aws.describe_listener_attributes(ListenerArn=arn)).items() >= LISTENER.items()
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/v[0-9]+/"]}}]
    transforms = [
        {
            "Type": "url-rewrite",
            "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/v[0-9]+/(.*)$", "Replace": "/$1"}]},
        }
    ]
    (rule,) = aws.create_rule(
        ListenerArn=arn,
        Priority=1,
        Conditions=conditions,
        Actions=[{"Type": "forward", "Order": 1, "TargetGroupArn": listener["DefaultActions"][0]["TargetGroupArn"]}],
        Transforms=transforms,
    )["Rules"]
    (read,) = aws.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"]
    assert read["Transforms"] == transforms
    assert read["Conditions"][0]["PathPatternConfig"] == {"RegexValues": ["^/v[0-9]+/"]}
    aws.modify_rule(RuleArn=rule["RuleArn"], ResetTransforms=True)
    (read,) = aws.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"]
    assert read.get("Transforms", []) == []
