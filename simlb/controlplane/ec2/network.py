"""The network that everything is in: the default VPC with a subnet in each zone. It is always the same."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result, invalid_value
from simlb.controlplane.ec2.selection import Item, described, tag_set
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.regions import zone_id

VPC_NETWORK = ipaddress.IPv4Network("172.31.0.0/16")
"""Of the default VPC. Subnets are /20, in the order of the zones."""
_SUBNET_BITS = 20
_RESERVED = 5
"""Addresses of a subnet that AWS keeps for itself."""


def describe_vpcs(call: Ec2Call) -> Result:
    """The default VPC."""
    vpc, network = ids.vpc_id(call.region), str(VPC_NETWORK)
    tags = call.tags(vpc)
    item = Item(
        id=vpc,
        tags=tags,
        facts={
            "vpc-id": (vpc,),
            "is-default": ("true",),
            "state": ("available",),
            "cidr": (network,),
            "cidr-block-association.cidr-block": (network,),
            "owner-id": (ids.ACCOUNT,),
            "dhcp-options-id": ("default",),
        },
        shown={
            "vpcId": vpc,
            "ownerId": ids.ACCOUNT,
            "state": "available",
            "cidrBlock": network,
            "cidrBlockAssociationSet": [
                {
                    "associationId": vpc.replace("vpc-", "vpc-cidr-assoc-"),
                    "cidrBlock": network,
                    "cidrBlockState": {"state": "associated"},
                }
            ],
            "dhcpOptionsId": "default",
            "instanceTenancy": "default",
            "isDefault": True,
            "tagSet": tag_set(tags),
        },
    )
    return described(call, "vpcSet", [item], filters=item.facts, ids="VpcId", not_found=no_vpc)


def describe_subnets(call: Ec2Call) -> Result:
    """One in each zone."""
    return described(
        call,
        "subnetSet",
        _subnets(call),
        filters=(
            "availability-zone",
            "availability-zone-id",
            "available-ip-address-count",
            "cidr",
            "cidr-block",
            "default-for-az",
            "map-public-ip-on-launch",
            "owner-id",
            "state",
            "subnet-id",
            "subnet-arn",
            "vpc-id",
        ),
        ids="SubnetId",
        not_found=_not_found("InvalidSubnetID.NotFound", "subnet ID"),
    )


def describe_internet_gateways(call: Ec2Call) -> Result:
    """The one of the VPC."""
    gateway, vpc = ids.internet_gateway_id(call.region), ids.vpc_id(call.region)
    tags = call.tags(gateway)
    item = Item(
        id=gateway,
        tags=tags,
        facts={
            "internet-gateway-id": (gateway,),
            "attachment.vpc-id": (vpc,),
            "attachment.state": ("available",),
            "owner-id": (ids.ACCOUNT,),
        },
        shown={
            "internetGatewayId": gateway,
            "ownerId": ids.ACCOUNT,
            "attachmentSet": [{"vpcId": vpc, "state": "available"}],
            "tagSet": tag_set(tags),
        },
    )
    return described(
        call,
        "internetGatewaySet",
        [item],
        filters=item.facts,
        ids="InternetGatewayId",
        not_found=_not_found("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    )


def describe_route_tables(call: Ec2Call) -> Result:
    """The main one of the VPC: itself, and the internet gateway."""
    table, vpc = ids.route_table_id(call.region), ids.vpc_id(call.region)
    association, gateway = table.replace("rtb-", "rtbassoc-"), ids.internet_gateway_id(call.region)
    tags = call.tags(table)
    routes = ((str(VPC_NETWORK), "local", "CreateRouteTable"), ("0.0.0.0/0", gateway, "CreateRoute"))
    item = Item(
        id=table,
        tags=tags,
        facts={
            "route-table-id": (table,),
            "vpc-id": (vpc,),
            "owner-id": (ids.ACCOUNT,),
            "association.main": ("true",),
            "association.route-table-id": (table,),
            "association.route-table-association-id": (association,),
            "association.subnet-id": (),
            "association.gateway-id": (),
            "route.destination-cidr-block": tuple(network for network, _, _ in routes),
            "route.gateway-id": tuple(via for _, via, _ in routes),
            "route.nat-gateway-id": (),
            "route.state": ("active",),
        },
        shown={
            "routeTableId": table,
            "vpcId": vpc,
            "ownerId": ids.ACCOUNT,
            "routeSet": [
                {"destinationCidrBlock": network, "gatewayId": via, "state": "active", "origin": origin}
                for network, via, origin in routes
            ],
            "associationSet": [
                {
                    "routeTableAssociationId": association,
                    "routeTableId": table,
                    "main": True,
                    "associationState": {"state": "associated"},
                }
            ],
            "propagatingVgwSet": [],
            "tagSet": tag_set(tags),
        },
    )
    return described(
        call,
        "routeTableSet",
        [item],
        filters=item.facts,
        ids="RouteTableId",
        not_found=_not_found("InvalidRouteTableID.NotFound", "routeTable ID"),
    )


def describe_network_interfaces(call: Ec2Call) -> Result:
    """None: load balancers here are sockets of the machine."""
    return described(
        call,
        "networkInterfaceSet",
        (),
        filters=(
            "attachment.attachment-id",
            "attachment.instance-id",
            "attachment.instance-owner-id",
            "attachment.status",
            "availability-zone",
            "description",
            "group-id",
            "group-name",
            "interface-type",
            "network-interface-id",
            "owner-id",
            "private-ip-address",
            "requester-id",
            "requester-managed",
            "status",
            "subnet-id",
            "vpc-id",
        ),
        ids="NetworkInterfaceId",
        not_found=_not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
    )


def describe_managed_prefix_lists(call: Ec2Call) -> Result:
    """None."""
    return described(
        call,
        "prefixListSet",
        (),
        filters=("owner-id", "prefix-list-id", "prefix-list-name"),
        ids="PrefixListId",
        not_found=no_prefix_list,
    )


def describe_vpc_attribute(call: Ec2Call) -> Result:
    """Names resolve, and instances have some: as in a default VPC."""
    vpc, attribute = call.required("VpcId"), call.required("Attribute")
    if vpc != ids.vpc_id(call.region):
        raise no_vpc(vpc)
    values = {"enableDnsSupport": True, "enableDnsHostnames": True, "enableNetworkAddressUsageMetrics": False}
    if attribute not in values:
        raise invalid_value("attribute", attribute, "Unknown attribute.")
    call.check_dry_run()
    return {"vpcId": vpc, attribute: {"value": values[attribute]}}


def no_vpc(vpc: str) -> QueryError:
    """For an id that is not the default VPC's."""
    return _not_found("InvalidVpcID.NotFound", "vpc ID")(vpc)


def no_prefix_list(name: str) -> QueryError:
    """For any: there are none."""
    return _not_found("InvalidPrefixListID.NotFound", "prefix list ID")(name)


def network_ids(region: str) -> dict[str, str]:
    """The ids of everything here, with the resource types that tags name them by."""
    return {
        ids.vpc_id(region): "vpc",
        **{ids.subnet_id(zone): "subnet" for zone in ids.zones(region)},
        ids.internet_gateway_id(region): "internet-gateway",
        ids.route_table_id(region): "route-table",
    }


def _not_found(code: str, what: str) -> Callable[[str], QueryError]:
    return lambda name: QueryError(code, f"The {what} '{name}' does not exist")


def _subnets(call: Ec2Call) -> Iterator[Item]:
    vpc = ids.vpc_id(call.region)
    for zone, network in zip(ids.zones(call.region), VPC_NETWORK.subnets(new_prefix=_SUBNET_BITS), strict=False):
        subnet = ids.subnet_id(zone)
        tags = call.tags(subnet)
        arn = f"arn:aws:ec2:{call.region}:{ids.ACCOUNT}:subnet/{subnet}"
        free = network.num_addresses - _RESERVED
        yield Item(
            id=subnet,
            tags=tags,
            facts={
                "subnet-id": (subnet,),
                "vpc-id": (vpc,),
                "availability-zone": (zone,),
                "availability-zone-id": (zone_id(zone),),
                "available-ip-address-count": (str(free),),
                "cidr": (str(network),),
                "cidr-block": (str(network),),
                "default-for-az": ("true",),
                "map-public-ip-on-launch": ("true",),
                "owner-id": (ids.ACCOUNT,),
                "state": ("available",),
                "subnet-arn": (arn,),
            },
            shown={
                "subnetId": subnet,
                "subnetArn": arn,
                "state": "available",
                "ownerId": ids.ACCOUNT,
                "vpcId": vpc,
                "cidrBlock": str(network),
                "availableIpAddressCount": free,
                "availabilityZone": zone,
                "availabilityZoneId": zone_id(zone),
                "defaultForAz": True,
                "mapPublicIpOnLaunch": True,
                "assignIpv6AddressOnCreation": False,
                "ipv6CidrBlockAssociationSet": [],
                "enableDns64": False,
                "ipv6Native": False,
                "tagSet": tag_set(tags),
            },
        )


HANDLERS: Handlers = {
    "DescribeVpcs": describe_vpcs,
    "DescribeSubnets": describe_subnets,
    "DescribeInternetGateways": describe_internet_gateways,
    "DescribeRouteTables": describe_route_tables,
    "DescribeNetworkInterfaces": describe_network_interfaces,
    "DescribeManagedPrefixLists": describe_managed_prefix_lists,
    "DescribeVpcAttribute": describe_vpc_attribute,
}
