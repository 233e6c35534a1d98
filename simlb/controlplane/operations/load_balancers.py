"""Load balancers: what they are and their attributes (reference 1.1)."""

from __future__ import annotations

from simlb.controlplane.operations.attributes import attribute_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import LOAD_BALANCER, check_count, check_exclusive, load_balancer
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.model import LoadBalancer, Scheme

DECREASES_A_DAY = 2
"""How often a reservation of capacity may be lowered on one day."""


def describe_load_balancers(call: Call) -> Result:
    """All of them, or those of given ARNs or names."""
    check_exclusive(
        call,
        "LoadBalancerArns",
        "Names",
        message="Load balancer names and load balancer ARNs cannot be specified at the same time",
    )
    arns, names = call.texts("LoadBalancerArns"), call.texts("Names")
    check_count(len(arns) + len(names), "load balancers")
    found = list(call.catalog.load_balancers.values())
    if arns:
        found = LOAD_BALANCER.find(call.catalog.load_balancers, arns)
    if names:
        found = [balancer for balancer in found if balancer.name in names]
        if missing := [name for name in names if all(balancer.name != name for balancer in found)]:
            raise QueryError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
    return paged(call, "LoadBalancers", found, lambda balancer: _load_balancer(call, balancer), lambda one: one.arn)


def describe_load_balancer_attributes(call: Call) -> Result:
    """Every attribute with its value."""
    balancer = load_balancer(call)
    values = balancer.attributes.to_wire()
    if balancer.scheme is Scheme.INTERNAL and "ipv6.deny_all_igw_traffic" not in balancer.attributes.given:
        values["ipv6.deny_all_igw_traffic"] = "true"
    return {"Attributes": attribute_list(values)}


def describe_capacity_reservation(call: Call) -> Result:
    """None is ever made: there is no capacity to reserve here."""
    load_balancer(call)
    return {"DecreaseRequestsRemaining": DECREASES_A_DAY, "CapacityReservationState": []}


def _load_balancer(call: Call, balancer: LoadBalancer) -> Result:
    region = balancer.region
    return {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": ids.hosted_zone_id(region),
        "CreatedTime": call.estate.created_at,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "VpcId": ids.vpc_id(region),
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": [
            {"ZoneName": zone, "SubnetId": ids.subnet_id(zone), "LoadBalancerAddresses": []}
            for zone in ids.zones(region)
        ],
        "SecurityGroups": [ids.security_group_id(region, balancer.name)],
        "IpAddressType": "ipv4",
    }


HANDLERS: Handlers = {
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeLoadBalancerAttributes": describe_load_balancer_attributes,
    "DescribeCapacityReservation": describe_capacity_reservation,
}
