"""The operations of Route 53 that are answered: where each is, and the shapes of what comes in and goes out.

Compared with botocore's service model by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simlb.controlplane.route53.xml import Shape

VERSION = "/2013-04-01"

_CHANGE_INFO = {"Id": str, "Status": str, "SubmittedAt": str, "Comment": str}
_HOSTED_ZONE = {
    "Id": str,
    "Name": str,
    "CallerReference": str,
    "Config": {"Comment": str, "PrivateZone": bool},
    "ResourceRecordSetCount": int,
}
_DELEGATION_SET = {"NameServers": ("NameServer", str)}
_RECORD_SET = {
    "Name": str,
    "Type": str,
    "SetIdentifier": str,
    "Weight": int,
    "Region": str,
    "GeoLocation": {"ContinentCode": str, "CountryCode": str, "SubdivisionCode": str},
    "Failover": str,
    "MultiValueAnswer": bool,
    "TTL": int,
    "ResourceRecords": ("ResourceRecord", {"Value": str}),
    "AliasTarget": {"HostedZoneId": str, "DNSName": str, "EvaluateTargetHealth": bool},
    "HealthCheckId": str,
    "TrafficPolicyInstanceId": str,
    "CidrRoutingConfig": {"CollectionId": str, "LocationName": str},
    "GeoProximityLocation": {
        "AWSRegion": str,
        "LocalZoneGroup": str,
        "Coordinates": {"Latitude": str, "Longitude": str},
        "Bias": int,
    },
}
_TAGS = ("Tag", {"Key": str, "Value": str})
_ZONES = ("HostedZone", _HOSTED_ZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `query` maps parameters of the URL to the members that they are; `reads` the shape of a body."""

    name: str
    method: str
    path: str
    answers: Mapping[str, Shape]
    reads: Mapping[str, Shape] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


OPERATIONS = (
    Operation(
        name="CreateHostedZone",
        method="POST",
        path="/hostedzone",
        reads={
            "Name": str,
            "VPC": {"VPCRegion": str, "VPCId": str},
            "CallerReference": str,
            "HostedZoneConfig": {"Comment": str, "PrivateZone": bool},
            "DelegationSetId": str,
        },
        answers={"HostedZone": _HOSTED_ZONE, "ChangeInfo": _CHANGE_INFO, "DelegationSet": _DELEGATION_SET},
        status=201,
    ),
    Operation(
        name="GetHostedZone",
        method="GET",
        path="/hostedzone/{Id}",
        answers={"HostedZone": _HOSTED_ZONE, "DelegationSet": _DELEGATION_SET},
    ),
    Operation(
        name="ListHostedZones",
        method="GET",
        path="/hostedzone",
        query={
            "marker": "Marker",
            "maxitems": "MaxItems",
            "delegationsetid": "DelegationSetId",
            "hostedzonetype": "HostedZoneType",
        },
        answers={"HostedZones": _ZONES, "Marker": str, "IsTruncated": bool, "NextMarker": str, "MaxItems": str},
    ),
    Operation(
        name="ListHostedZonesByName",
        method="GET",
        path="/hostedzonesbyname",
        query={"dnsname": "DNSName", "hostedzoneid": "HostedZoneId", "maxitems": "MaxItems"},
        answers={
            "HostedZones": _ZONES,
            "DNSName": str,
            "HostedZoneId": str,
            "IsTruncated": bool,
            "NextDNSName": str,
            "NextHostedZoneId": str,
            "MaxItems": str,
        },
    ),
    Operation(name="GetHostedZoneCount", method="GET", path="/hostedzonecount", answers={"HostedZoneCount": int}),
    Operation(
        name="UpdateHostedZoneComment",
        method="POST",
        path="/hostedzone/{Id}",
        reads={"Comment": str},
        answers={"HostedZone": _HOSTED_ZONE},
    ),
    Operation(name="DeleteHostedZone", method="DELETE", path="/hostedzone/{Id}", answers={"ChangeInfo": _CHANGE_INFO}),
    Operation(
        name="ChangeResourceRecordSets",
        method="POST",
        path="/hostedzone/{Id}/rrset",
        reads={
            "ChangeBatch": {
                "Comment": str,
                "Changes": ("Change", {"Action": str, "ResourceRecordSet": _RECORD_SET}),
            }
        },
        answers={"ChangeInfo": _CHANGE_INFO},
    ),
    Operation(
        name="ListResourceRecordSets",
        method="GET",
        path="/hostedzone/{Id}/rrset",
        query={
            "name": "StartRecordName",
            "type": "StartRecordType",
            "identifier": "StartRecordIdentifier",
            "maxitems": "MaxItems",
        },
        answers={
            "ResourceRecordSets": ("ResourceRecordSet", _RECORD_SET),
            "IsTruncated": bool,
            "NextRecordName": str,
            "NextRecordType": str,
            "MaxItems": str,
        },
    ),
    Operation(
        name="GetDNSSEC",
        method="GET",
        path="/hostedzone/{Id}/dnssec",
        answers={"Status": {"ServeSignature": str}, "KeySigningKeys": ("member", {})},
    ),
    Operation(name="GetChange", method="GET", path="/change/{Id}", answers={"ChangeInfo": _CHANGE_INFO}),
    Operation(
        name="ChangeTagsForResource",
        method="POST",
        path="/tags/{ResourceType}/{ResourceId}",
        reads={"AddTags": _TAGS, "RemoveTagKeys": ("Key", str)},
        answers={},
    ),
    Operation(
        name="ListTagsForResource",
        method="GET",
        path="/tags/{ResourceType}/{ResourceId}",
        answers={"ResourceTagSet": {"ResourceType": str, "ResourceId": str, "Tags": _TAGS}},
    ),
)
