"""Target groups and their attributes (reference 1.5)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from simlb.controlplane.operations.attributes import attribute_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import TARGET_GROUP, check_exclusive, load_balancer, target_group
from simlb.core.attributes import TargetGroupAttributes
from simlb.core.foreign import Records, vpc_of_target_group
from simlb.core.model import TargetGroup

_NOT_OF_SERVERS = ("lambda.", "waf.")
"""Attributes that AWS lists for other target types and protocol versions only."""


def describe_target_groups(call: Call) -> Result:
    """All of them, those of a load balancer, or those of given ARNs or names."""
    check_exclusive(
        call,
        "TargetGroupArns",
        "Names",
        "LoadBalancerArn",
        message="Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time",
    )
    found: Iterable[TargetGroup] = call.catalog.target_groups.values()
    if call.given("LoadBalancerArn"):
        balancer = load_balancer(call)
        found = [group for group in found if balancer in call.catalog.users.get(group.name, ())]
    elif call.given("TargetGroupArns"):
        found = TARGET_GROUP.find(call.catalog.target_groups, call.texts("TargetGroupArns"))
    elif call.given("Names"):
        names = call.texts("Names")
        found = [group for group in found if group.aws_name in names]
        if len(found) < len(names):
            raise TARGET_GROUP.missing()

    def describe(group: TargetGroup) -> Result:
        return target_group_result(call.region, call.catalog, group, call.estate.changes.records)

    return paged(call, "TargetGroups", found, describe, lambda group: group.arn)


def describe_target_group_attributes(call: Call) -> Result:
    """Every attribute with its value."""
    return {"Attributes": attribute_list(shown_attributes(target_group(call).attributes))}


def shown_attributes(attributes: TargetGroupAttributes) -> dict[str, str]:
    """Those that AWS lists for groups of instances and addresses."""
    return {key: value for key, value in attributes.to_wire().items() if not key.startswith(_NOT_OF_SERVERS)}


def target_group_result(region: str, catalog: Catalog, group: TargetGroup, records: Records) -> Result:
    """A target group as the API shows it. `records` tell of a VPC that is not simlb's."""
    check = group.health_check
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.aws_name,
        "Protocol": group.protocol,
        "Port": group.port,
        "VpcId": vpc_of_target_group(records, region, group.arn),
        "HealthCheckProtocol": check.protocol,
        "HealthCheckPort": str(check.port),
        "HealthCheckEnabled": True,
        # Without `strict` they may be fractions, which the API has no words for.
        "HealthCheckIntervalSeconds": math.ceil(check.interval_s),
        "HealthCheckTimeoutSeconds": math.ceil(check.timeout_s),
        "HealthyThresholdCount": check.healthy_threshold_count,
        "UnhealthyThresholdCount": check.unhealthy_threshold_count,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": check.matcher.http_code},
        "LoadBalancerArns": [balancer.arn for balancer in catalog.users.get(group.name, ())],
        "TargetType": group.target_type,
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


HANDLERS: Handlers = {
    "DescribeTargetGroups": describe_target_groups,
    "DescribeTargetGroupAttributes": describe_target_group_attributes,
}
