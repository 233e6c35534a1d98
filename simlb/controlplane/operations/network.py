"""The surroundings of load balancers as calls give them: subnets, security groups, address types (reference 1.1)."""

from __future__ import annotations

import ipaddress

from simlb.controlplane.operations.call import Call
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids
from simlb.core.changes import NamedSecurityGroup
from simlb.core.model import InboundRule

SECURITY_GROUPS_MAX = 5
"""Of one load balancer: the VPC's quota for each of its network interfaces (reference 1.1)."""
ZONES_MIN = 2
_EVERYBODY = tuple(InboundRule(port=None, source=ipaddress.ip_network(network)) for network in ("0.0.0.0/0", "::/0"))


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


def check_address_type(call: Call) -> None:
    """Raise QueryError for what would need addresses of IPv6, or none of IPv4."""
    given = call.text("IpAddressType")
    if given not in {"", "ipv4"}:
        raise unsupported(f"IpAddressType '{given}'")
    if call.text("EnablePrefixForIpv6SourceNat") not in {"", "off"}:
        raise QueryError(
            "InvalidConfigurationRequest",
            "'EnablePrefixForIpv6SourceNat' cannot be specified for load balancers of type 'application'",
        )


def given_security_groups(call: Call, draft: Draft) -> tuple[str, ...]:
    """The `SecurityGroups` of a call, all of which are there; none given is none. Raises QueryError."""
    groups = call.texts("SecurityGroups")
    for group_id in groups:
        if not ensure_security_group(draft, call.region, group_id):
            raise QueryError("InvalidSecurityGroup", f"Security group {group_id} does not exist")
    if len(groups) > SECURITY_GROUPS_MAX:
        raise QueryError(
            "InvalidConfigurationRequest",
            f"A maximum of {SECURITY_GROUPS_MAX} security groups can be specified for a load balancer",
        )
    return groups


def ensure_security_group(draft: Draft, region: str, group_id: str) -> bool:
    """Whether there is such a security group. Those that nobody has had to create come into being by being named.

    These are the VPC's default group, which lets everybody in, and the own groups of the file's load balancers.
    """
    if group_id in draft.changes.security_groups:
        return True
    if group_id == ids.default_security_group_id(region):
        draft.put_security_group(
            NamedSecurityGroup(
                id=group_id, name="default", description="default VPC security group", inbound=_EVERYBODY
            )
        )
        return True
    for balancer in draft.file.load_balancers:
        if group_id == ids.security_group_id(region, balancer.name):
            draft.put_security_group(
                NamedSecurityGroup(
                    id=group_id,
                    name=balancer.name,
                    description=f"load balancer {balancer.name} of the configuration file",
                    inbound=balancer.security_group.inbound,
                )
            )
            return True
    return False
