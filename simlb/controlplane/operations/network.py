"""The surroundings of load balancers as calls give them: subnets, security groups, address types (reference 1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from simlb.controlplane.operations.call import Call
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import foreign, ids
from simlb.core.foreign import Foreign
from simlb.core.model import IpAddressType

SECURITY_GROUPS_MAX = 5
"""Of one load balancer: the VPC's quota for each of its network interfaces (reference 1.1)."""
ZONES_MIN = 2
ELSEWHERE = "simlb knows its own (aws ec2 describe-{what}); for ids from elsewhere see foreign_ids in docs/aws-api.md."
"""What is added to AWS's sentence about an id that is not there."""


def unsupported(what: str) -> QueryError:
    """What AWS does and simlb does not, told by its name."""
    return QueryError("InvalidConfigurationRequest", f"{what} is not supported by simlb yet")


async def given_subnets(call: Call) -> tuple[tuple[str, ...], Foreign]:
    """The `Subnets` or `SubnetMappings` of a call, and what there is to know of those that are not simlb's.

    Two at least, each in a zone of its own, all in one VPC. Raises QueryError.
    """
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
    own = {subnet: zone for subnet in subnets if (zone := ids.zone_of(call.region, subnet)) is not None}
    unknown = [subnet for subnet in subnets if subnet not in own]
    there = foreign.NOTHING
    if unknown:
        there = await call.estate.look_up(subnets=unknown, zones=own.values())
    if not there.subnets.keys() >= set(unknown):
        raise QueryError("SubnetNotFound", f"The specified subnet does not exist. {ELSEWHERE.format(what='subnets')}")
    _check_zones(subnets, own, there)
    if len(_vpcs(call.region, subnets, there)) > 1:
        raise QueryError("InvalidConfigurationRequest", "The specified subnets are not all in the same VPC")
    return tuple(subnets), there


def _check_zones(subnets: list[str], own: dict[str, str], there: Foreign) -> None:
    # The zones of accepted subnets are made up: that two have one says nothing about the subnets.
    known = [
        own.get(subnet) or there.subnets[subnet].zone
        for subnet in subnets
        if subnet in own or there.subnets[subnet].origin != "accepted"
    ]
    if len(set(subnets)) < len(subnets) or len(set(known)) < len(known):
        raise QueryError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if len(subnets) < ZONES_MIN:
        raise invalid("At least two subnets in two different Availability Zones must be specified")


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


async def look_up_groups(call: Call) -> Foreign:
    """What there is to know of the security groups of a call that are not simlb's. Raises QueryError."""
    here = call.estate.changes.all_security_groups(call.estate.file, call.region)
    unknown = [group_id for group_id in call.texts("SecurityGroups") if group_id not in here]
    return await call.estate.look_up(security_groups=unknown) if unknown else foreign.NOTHING


async def given_vpc(call: Call) -> str:
    """The `VpcId` of a call. Raises QueryError when there is none of that id."""
    vpc = call.text("VpcId")
    if not vpc:
        raise invalid("A VPC ID must be specified")
    if vpc != ids.vpc_id(call.region) and vpc not in (await call.estate.look_up(vpcs=[vpc])).vpcs:
        raise invalid(f"The VPC ID '{vpc}' is not found. {ELSEWHERE.format(what='vpcs')}")
    return vpc


def put_foreign(draft: Draft, there: Foreign) -> None:
    """Keep what was found, beside what names it."""
    for subnet in there.subnets.values():
        draft.put_record(foreign.SUBNET, subnet.id, foreign.subnet_body(subnet))
    for group in there.security_groups.values():
        draft.put_record(foreign.SECURITY_GROUP, group.id, foreign.group_body(group))


def given_security_groups(call: Call, draft: Draft, there: Foreign, subnets: Iterable[str]) -> tuple[str, ...]:
    """The `SecurityGroups` of a call, all of which are there; none given is none. Raises QueryError.

    They have to be in the VPC of the load balancer's `subnets`, as far as that is known of both.
    """
    groups = call.texts("SecurityGroups")
    here = draft.changes.all_security_groups(draft.file, call.region)
    for group_id in groups:
        if group_id not in here and group_id not in there.security_groups:
            raise QueryError(
                "InvalidSecurityGroup",
                f"Security group {group_id} does not exist. {ELSEWHERE.format(what='security-groups')}",
            )
    if len(groups) > SECURITY_GROUPS_MAX:
        raise QueryError(
            "InvalidConfigurationRequest",
            f"A maximum of {SECURITY_GROUPS_MAX} security groups can be specified for a load balancer",
        )
    known = {
        subnet: foreign.subnet_of(subnet, body)
        for subnet, body in draft.changes.records.get(foreign.SUBNET, {}).items()
    }
    vpcs = _vpcs(call.region, subnets, Foreign(subnets={**known, **there.subnets}))
    own = ids.vpc_id(call.region)
    of_groups = {own if group_id in here else there.security_groups[group_id].vpc for group_id in groups} - {""}
    if vpcs and not of_groups <= vpcs:
        raise QueryError(
            "InvalidConfigurationRequest", "One or more security groups are invalid: they are in another VPC"
        )
    return groups


def _vpcs(region: str, subnets: Iterable[str], there: Foreign) -> set[str]:
    """The VPCs that subnets are in; nobody knows those of accepted ones."""
    own = ids.vpc_id(region)
    return {there.subnets[subnet].vpc if subnet in there.subnets else own for subnet in subnets} - {""}
