"""EC2 as a service on the control port: its operations with their parameters, its errors."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from inspect import isawaitable

from simlb.controlplane.ec2 import (
    instances,
    network,
    places,
    security_group_rule_changes,
    security_group_rules,
    security_groups,
    tags,
    xml,
)
from simlb.controlplane.ec2.call import Ec2Call, Handler
from simlb.controlplane.ec2.estate import Ec2Estate
from simlb.controlplane.ec2.parameters import Shape, read_parameters
from simlb.controlplane.query.credentials import read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import merged, read_form
from simlb.controlplane.query.protocol import QueryReply, QueryRequest

VERSION = "2016-11-15"

_STATUS = {
    "AccessDenied": 403,
    "DryRunOperation": 412,
    "MissingAuthenticationToken": 403,
    "RequestEntityTooLarge": 413,
    "RequestTimeout": 408,
}
"""Those of every other code is 400."""

_READING = "Describe"
_ACTION = re.compile(r"[A-Za-z0-9]{1,128}")

_FILTERS: Shape = [{"Name": str, "Value": [str]}]
_TAGS: Shape = [{"Key": str, "Value": str}]
_PERMISSIONS: Shape = [
    {
        "IpProtocol": str,
        "FromPort": int,
        "ToPort": int,
        "IpRanges": [{"CidrIp": str, "Description": str}],
        "Ipv6Ranges": [{"CidrIpv6": str, "Description": str}],
        "PrefixListIds": [{"PrefixListId": str, "Description": str}],
        "Groups": [
            {
                "GroupId": str,
                "GroupName": str,
                "UserId": str,
                "Description": str,
                "VpcId": str,
                "VpcPeeringConnectionId": str,
                "PeeringStatus": str,
            }
        ],
    }
]
_DRY: Mapping[str, Shape] = {"DryRun": bool}
_FILTERED: Mapping[str, Shape] = {**_DRY, "Filter": _FILTERS}
_PAGED: Mapping[str, Shape] = {**_FILTERED, "MaxResults": int, "NextToken": str}
_NEW_TAGS: Mapping[str, Shape] = {"TagSpecification": [{"ResourceType": str, "Tag": _TAGS}]}
_GROUP: Mapping[str, Shape] = {**_DRY, "GroupId": str, "GroupName": str}
_RULES: Mapping[str, Shape] = {
    **_GROUP,
    "IpPermissions": _PERMISSIONS,
    "IpProtocol": str,
    "FromPort": int,
    "ToPort": int,
    "CidrIp": str,
    "SourceSecurityGroupName": str,
    "SourceSecurityGroupOwnerId": str,
}
_RULE: Mapping[str, Shape] = {
    "IpProtocol": str,
    "FromPort": int,
    "ToPort": int,
    "CidrIpv4": str,
    "CidrIpv6": str,
    "PrefixListId": str,
    "ReferencedGroupId": str,
    "Description": str,
}
_DESCRIPTIONS: Mapping[str, Shape] = {
    **_GROUP,
    "IpPermissions": _PERMISSIONS,
    "SecurityGroupRuleDescription": [{"SecurityGroupRuleId": str, "Description": str}],
}
_INSTANCES: Mapping[str, Shape] = {**_DRY, "InstanceId": [str]}

PARAMETERS: Mapping[str, Mapping[str, Shape]] = {
    "DescribeRegions": {**_FILTERED, "RegionName": [str], "AllRegions": bool},
    "DescribeAvailabilityZones": {
        **_FILTERED,
        "ZoneName": [str],
        "ZoneId": [str],
        "AllAvailabilityZones": bool,
    },
    "DescribeVpcs": {**_PAGED, "VpcId": [str]},
    "DescribeSubnets": {**_PAGED, "SubnetId": [str]},
    "DescribeInternetGateways": {**_PAGED, "InternetGatewayId": [str]},
    "DescribeRouteTables": {**_PAGED, "RouteTableId": [str]},
    "DescribeNetworkInterfaces": {**_PAGED, "NetworkInterfaceId": [str]},
    "DescribeManagedPrefixLists": {**_PAGED, "PrefixListId": [str]},
    "DescribeAccountAttributes": {**_DRY, "AttributeName": [str]},
    "DescribeVpcAttribute": {**_DRY, "VpcId": str, "Attribute": str},
    "DescribeSecurityGroups": {**_PAGED, "GroupId": [str], "GroupName": [str]},
    "CreateSecurityGroup": {**_DRY, **_NEW_TAGS, "GroupName": str, "GroupDescription": str, "VpcId": str},
    "DeleteSecurityGroup": _GROUP,
    "DescribeSecurityGroupRules": {**_PAGED, "SecurityGroupRuleId": [str]},
    "AuthorizeSecurityGroupIngress": {**_RULES, **_NEW_TAGS},
    "AuthorizeSecurityGroupEgress": {**_RULES, **_NEW_TAGS},
    "RevokeSecurityGroupIngress": {**_RULES, "SecurityGroupRuleId": [str]},
    "RevokeSecurityGroupEgress": {**_RULES, "SecurityGroupRuleId": [str]},
    "ModifySecurityGroupRules": {
        **_DRY,
        "GroupId": str,
        "SecurityGroupRule": [{"SecurityGroupRuleId": str, "SecurityGroupRule": _RULE}],
    },
    "UpdateSecurityGroupRuleDescriptionsIngress": _DESCRIPTIONS,
    "UpdateSecurityGroupRuleDescriptionsEgress": _DESCRIPTIONS,
    "DescribeTags": _PAGED,
    "CreateTags": {**_DRY, "ResourceId": [str], "Tag": _TAGS},
    "DeleteTags": {**_DRY, "ResourceId": [str], "Tag": _TAGS},
    "DescribeInstances": {**_PAGED, "InstanceId": [str], "IncludeManagedResources": bool},
    "DescribeInstanceStatus": {
        **_PAGED,
        "InstanceId": [str],
        "IncludeAllInstances": bool,
        "IncludeManagedResources": bool,
    },
    "StopInstances": {**_INSTANCES, "Force": bool, "Hibernate": bool, "SkipOsShutdown": bool},
    "StartInstances": _INSTANCES,
    "RebootInstances": _INSTANCES,
}
"""The operations that are answered, and the parameters of each by their names on the wire."""

HANDLERS: Mapping[str, Handler] = {
    **places.HANDLERS,
    **network.HANDLERS,
    **security_groups.HANDLERS,
    **security_group_rules.HANDLERS,
    **security_group_rule_changes.HANDLERS,
    **tags.HANDLERS,
    **instances.HANDLERS,
}


class Ec2Service:
    """Implements `simlb.controlplane.query.services.Service`."""

    def __init__(self, estate: Ec2Estate) -> None:
        self._estate = estate

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all."""
        request_id = str(uuid.uuid4())
        try:
            call = self._read(request)
            answer = HANDLERS[call.operation](call)
            result = await answer if isawaitable(answer) else answer
        except QueryError as error:
            return _failed(error, request_id)
        return QueryReply(status=200, body=xml.response(call.operation, result, request_id), request_id=request_id)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call. EC2 has one way to tell errors, whatever was sent."""
        del content_type
        return _failed(QueryError(code, message), str(uuid.uuid4()))

    def _read(self, request: QueryRequest) -> Ec2Call:
        query = read_form(request.query)
        scope = read_scope(request.authorization, query)
        try:
            text = request.body.decode()
        except UnicodeDecodeError:
            raise QueryError("MalformedQueryString", "The body is not UTF-8.") from None
        given = merged([*query.items(), *read_form(text).items()])
        action = _action(given)
        if not scope.in_header and not action.startswith(_READING):
            # Any web page can have a browser open a URL; only AWS's clients set the header.
            raise QueryError("AccessDenied", f"{action} has to be signed in the Authorization header.")
        shape = PARAMETERS.get(action)
        # What is refused anyway is not looked at.
        parameters = {} if shape is None else read_parameters(action, given, shape)
        return Ec2Call(operation=action, parameters=parameters, region=scope.region, estate=self._estate)


def _action(given: Mapping[str, str]) -> str:
    action, version = given.get("Action"), given.get("Version", "")
    if not action:
        raise QueryError("MissingAction", "Missing Action: the request names no operation.")
    if version != VERSION:
        raise QueryError(
            "NoSuchVersion",
            f"The requested version ( {version} ) of service AmazonEC2 does not exist: Version={VERSION} is expected.",
        )
    if _ACTION.fullmatch(action) is None:
        raise QueryError("InvalidAction", f"The action {action} is not valid for this web service.")
    if action not in HANDLERS:
        raise QueryError(
            "UnsupportedOperation",
            f"{action} of EC2 is not emulated by simlb, which has of EC2 what load balancers lean on: the default VPC, "
            "security groups, and instances that are the targets of the configuration file.",
        )
    return action


def _failed(error: QueryError, request_id: str) -> QueryReply:
    body = xml.error_response(error.code, error.message, request_id)
    return QueryReply(status=_STATUS.get(error.code, 400), body=body, request_id=request_id)
