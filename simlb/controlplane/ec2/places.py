"""Regions, availability zones, and what an account may have."""

from __future__ import annotations

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result
from simlb.controlplane.ec2.selection import Item, described
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.regions import REGIONS, zone_id

_ACCOUNT_ATTRIBUTES = {
    "supported-platforms": "VPC",
    "max-instances": "20",
    "vpc-max-security-groups-per-interface": "5",
    "max-elastic-ips": "5",
    "vpc-max-elastic-ips": "5",
}


def describe_regions(call: Ec2Call) -> Result:
    """Those that simlb knows, and its own."""
    names = sorted({*REGIONS, call.estate.home, call.region})
    items = [
        Item(
            id=name,
            facts={
                "region-name": (name,),
                "endpoint": (f"ec2.{name}.amazonaws.com",),
                "opt-in-status": ("opt-in-not-required",),
            },
            shown={
                "regionName": name,
                "regionEndpoint": f"ec2.{name}.amazonaws.com",
                "optInStatus": "opt-in-not-required",
            },
        )
        for name in names
    ]
    return described(
        call,
        "regionInfo",
        items,
        filters=("region-name", "endpoint", "opt-in-status"),
        ids="RegionName",
        not_found=lambda name: QueryError("InvalidParameterValue", f"Invalid region name: {name}"),
    )


def describe_availability_zones(call: Ec2Call) -> Result:
    """Those of the region, by name or by id."""
    wanted_ids = call.texts("ZoneId")
    zones = ids.zones(call.region)
    for wanted in wanted_ids:
        if wanted not in map(zone_id, zones):
            raise QueryError("InvalidParameterValue", f"Invalid availability zone-id: [{wanted}]")
    items = [_zone(call.region, zone) for zone in zones if not wanted_ids or zone_id(zone) in wanted_ids]
    return described(
        call,
        "availabilityZoneInfo",
        items,
        filters=("group-name", "opt-in-status", "region-name", "state", "zone-id", "zone-name", "zone-type"),
        ids="ZoneName",
        not_found=lambda name: QueryError("InvalidParameterValue", f"Invalid availability zone: [{name}]"),
    )


def describe_account_attributes(call: Ec2Call) -> Result:
    """What an account may have, as AWS gives it at first."""
    attributes = {**_ACCOUNT_ATTRIBUTES, "default-vpc": ids.vpc_id(call.region)}
    wanted = call.texts("AttributeName") or tuple(attributes)
    for name in wanted:
        if name not in attributes:
            raise QueryError("InvalidParameterValue", f"Invalid attribute name: {name}")
    call.check_dry_run()
    return {
        "accountAttributeSet": [
            {"attributeName": name, "attributeValueSet": [{"attributeValue": attributes[name]}]} for name in wanted
        ]
    }


def _zone(region: str, zone: str) -> Item:
    return Item(
        id=zone,
        facts={
            "zone-name": (zone,),
            "zone-id": (zone_id(zone),),
            "region-name": (region,),
            "state": ("available",),
            "opt-in-status": ("opt-in-not-required",),
            "group-name": (region,),
            "zone-type": ("availability-zone",),
        },
        shown={
            "zoneName": zone,
            "zoneId": zone_id(zone),
            "zoneState": "available",
            "zoneType": "availability-zone",
            "regionName": region,
            "groupName": region,
            "networkBorderGroup": region,
            "optInStatus": "opt-in-not-required",
            "messageSet": [],
        },
    )


HANDLERS: Handlers = {
    "DescribeRegions": describe_regions,
    "DescribeAvailabilityZones": describe_availability_zones,
    "DescribeAccountAttributes": describe_account_attributes,
}
