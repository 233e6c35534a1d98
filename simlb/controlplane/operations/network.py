"""The surroundings of load balancers as calls give them: subnets, security groups, address types (reference 1.1)."""

from __future__ import annotations

from typing import cast

from simlb.controlplane.operations.call import Call
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids
from simlb.core.model import IpAddressType

SECURITY_GROUPS_MAX = 5
"""Of one load balancer: the VPC's quota for each of its network interfaces (reference 1.1)."""
ZONES_MIN = 2


def unsupported(what: str) -> QueryError:
    """What AWS does and simlb does not, told by its name."""
    return QueryError("InvalidConfigurationRequest", f"{what} is not supported by simlb yet")


def given_subnets(call: Call) -> tuple[str, ...]:
    """The `Subnets` or `SubnetMappings` of a call: two at least, each in a zone of its own. Raises QueryError."""
    if call.given("Subnets") and call.given("SubnetMappings"):
        raise invalid("You must specify either subnets or subnet mappings, but not both")
    subnets = list(call.parameters.get("Subnets") or ())
    for mapping in call.parameters.get("SubnetMappings") or ():
        if mapping.get("AllocationId"):
            raise QueryError(
                "InvalidConfigurationRequest",
                "Elastic IP addresses cannot be specified for load balancers of type 'application'",
            )
        for member in ("PrivateIPv4Address", "IPv6Address", "SourceNatIpv6Prefix"):
            if mapping.get(member):
                raise QueryError(
                    "InvalidConfigurationRequest",
                    f"'{member}' cannot be specified for load balancers of type 'application'",
                )
        if not mapping.get("SubnetId"):
            raise invalid("A subnet ID must be specified")
        subnets.append(mapping["SubnetId"])
    zones = [ids.zone_of(call.region, subnet) for subnet in subnets]
    if None in zones:
        raise QueryError("SubnetNotFound", "The specified subnet does not exist.")
    if len(set(zones)) < len(zones):
        raise QueryError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(zones) < ZONES_MIN:
        raise invalid("At least two subnets in two different Availability Zones must be specified")
    return tuple(subnets)


def given_address_type(call: Call) -> IpAddressType | None:
    """The `IpAddressType` of a call; None when it has none. Raises QueryError for what would have no IPv4 address."""
    given = call.text("IpAddressType")
    if given not in {"", "ipv4", "dualstack"}:
        raise unsupported(f"IpAddressType '{given}'")
    if call.text("EnablePrefixForIpv6SourceNat") not in {"", "off"}:
        raise QueryError(
            "InvalidConfigurationRequest",
            "'EnablePrefixForIpv6SourceNat' cannot be specified for load balancers of type 'application'",
        )
    return cast("IpAddressType", given) if given else None


def given_security_groups(call: Call, draft: Draft) -> tuple[str, ...]:
    """The `SecurityGroups` of a call, all of which are there; none given is none. Raises QueryError."""
    groups = call.texts("SecurityGroups")
    there = draft.changes.all_security_groups(draft.file, call.region)
    for group_id in groups:
        if group_id not in there:
            raise QueryError("InvalidSecurityGroup", f"Security group {group_id} does not exist")
    if len(groups) > SECURITY_GROUPS_MAX:
        raise QueryError(
            "InvalidConfigurationRequest",
            f"A maximum of {SECURITY_GROUPS_MAX} security groups can be specified for a load balancer",
        )
    return groups
