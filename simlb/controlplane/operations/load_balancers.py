"""Load balancers: what they are and their attributes (reference 1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from simlb.controlplane.operations.attributes import attribute_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.estate import Estate
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import LOAD_BALANCER, check_count, check_exclusive, load_balancer
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.foreign import Records, vpc_of_subnets, zone_of
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
        found = [balancer for balancer in found if balancer.aws_name in names]
        if missing := [name for name in names if all(balancer.aws_name != name for balancer in found)]:
            raise QueryError("LoadBalancerNotFound", f"Load balancers '[{', '.join(missing)}]' not found")
    return paged(call, "LoadBalancers", found, lambda balancer: _load_balancer(call, balancer), lambda one: one.arn)


def describe_load_balancer_attributes(call: Call) -> Result:
    """Every attribute with its value."""
    return {"Attributes": attribute_list(shown_attributes(load_balancer(call)))}


def describe_capacity_reservation(call: Call) -> Result:
    """None is ever made: there is no capacity to reserve here."""
    load_balancer(call)
    return {"DecreaseRequestsRemaining": DECREASES_A_DAY, "CapacityReservationState": []}


def shown_attributes(balancer: LoadBalancer) -> dict[str, str]:
    """All of them; one has another default for internal load balancers."""
    values = balancer.attributes.to_wire()
    if balancer.scheme is Scheme.INTERNAL and "ipv6.deny_all_igw_traffic" not in balancer.attributes.given:
        values["ipv6.deny_all_igw_traffic"] = "true"
    return values


def facts_of(estate: Estate, changes: Changes, balancer: LoadBalancer) -> LoadBalancerFacts:
    """What the API tells of it: for one of the file, made-up surroundings that stay the same."""
    facts = changes.facts.get(balancer.arn) or LoadBalancerFacts(created_at=estate.created_at.timestamp())
    region = balancer.region
    return replace(
        facts,
        subnets=facts.subnets or tuple(ids.subnet_id(zone) for zone in ids.zones(region)),
        security_groups=changes.security_groups_of(balancer),
    )


def load_balancer_result(
    balancer: LoadBalancer, facts: LoadBalancerFacts, records: Records, *, is_provisioning: bool
) -> Result:
    """A load balancer as the API shows it. `records` tell of subnets that are not simlb's."""
    region = balancer.region
    return {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": ids.hosted_zone_id(region),
        "CreatedTime": datetime.fromtimestamp(facts.created_at, UTC),
        "LoadBalancerName": balancer.aws_name,
        "Scheme": balancer.scheme,
        "VpcId": vpc_of_subnets(records, region, facts.subnets),
        "State": {"Code": "provisioning" if is_provisioning else "active"},
        "Type": "application",
        "AvailabilityZones": zone_list(region, facts.subnets, records),
        "SecurityGroups": list(facts.security_groups),
        "IpAddressType": balancer.ip_address_type,
    }


def zone_list(region: str, subnets: Iterable[str], records: Records) -> list[Result]:
    """The subnets of a load balancer with their zones, in the order of those."""
    zones = sorted((zone_of(records, region, subnet) or "", subnet) for subnet in subnets)
    return [{"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []} for zone, subnet in zones]


def _load_balancer(call: Call, balancer: LoadBalancer) -> Result:
    changes = call.estate.changes
    facts = facts_of(call.estate, changes, balancer)
    is_provisioning = call.estate.is_provisioning(balancer.arn)
    return load_balancer_result(balancer, facts, changes.records, is_provisioning=is_provisioning)


HANDLERS: Handlers = {
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeLoadBalancerAttributes": describe_load_balancer_attributes,
    "DescribeCapacityReservation": describe_capacity_reservation,
}
