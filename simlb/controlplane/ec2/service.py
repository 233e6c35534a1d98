"""EC2 as a service on the control port: its operations with their parameters, its errors."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from inspect import isawaitable

from simlb.controlplane.ec2 import (
    instances,
    network,
    places,
    security_group_rule_changes,
    security_group_rules,
    security_groups,
    tags,
    whose,
    xml,
)
from simlb.controlplane.ec2.call import Ec2Call, Handler, Result
from simlb.controlplane.ec2.estate import Ec2Estate
from simlb.controlplane.ec2.parameters import Shape, read_parameters
from simlb.controlplane.elsewhere import Elsewhere, check_signed
from simlb.controlplane.query.credentials import Scope, check_region, header_of, read_scope
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.parameters import merged, read_form
from simlb.controlplane.query.protocol import FORM, OK, QueryReply, QueryRequest
from simlb.controlplane.query.xml_tree import XmlError
from simlb.core.foreign import used_ids

VERSION = "2016-11-15"

_STATUS = {
    "AccessDenied": 403,
    "DryRunOperation": 412,
    "MissingAuthenticationToken": 403,
    "RequestEntityTooLarge": 413,
    "RequestTimeout": 408,
}
"""Those of every other code is 400."""

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

    def __init__(self, estate: Ec2Estate, elsewhere: Elsewhere) -> None:
        self._estate = estate
        self._elsewhere = elsewhere

    async def answer(self, request: QueryRequest) -> QueryReply:
        """The answer to any request at all."""
        request_id = str(uuid.uuid4())
        try:
            action, given, scope = _read(request)
            estate = self._estate.at(scope.region)
            call = Ec2Call(operation=action, parameters={}, region=scope.region, estate=estate)
            if action not in HANDLERS:
                return await self._ask_moto(request, call, given)
            if self._elsewhere.has_begun:
                own = tags.resources(call)
                if whose.is_motos(action, given, own):
                    return await self._ask_moto(request, call, given)
                part = whose.their_part(action, given, own)
                if part is not None:
                    signed = request.authorization or header_of(scope)
                    asked = QueryRequest(body=part.body, content_type=FORM, authorization=signed)
                    reply = await self._elsewhere.ask(
                        asked, f"{action} of EC2, where it is not about simlb's own (or a filter)"
                    )
                    if reply.status != OK:
                        return reply
                    given = _without(given, whose.LISTS[action][0], own)
                    call = replace(call, theirs=_items(reply.body, part.member))
            if action in PARAMETERS:  # what is refused anyway is not looked at
                call = replace(call, parameters=read_parameters(action, given, PARAMETERS[action]))
            answer = HANDLERS[action](call)
            result = await answer if isawaitable(answer) else answer
        except QueryError as error:
            return _failed(error, request_id)
        return QueryReply(status=OK, body=xml.response(action, result, request_id), request_id=request_id)

    def refuse(self, code: str, message: str, content_type: str = "") -> QueryReply:
        """An answer without a call. EC2 has one way to tell errors, whatever was sent."""
        del content_type
        return _failed(QueryError(code, message), str(uuid.uuid4()))

    async def _ask_moto(self, request: QueryRequest, call: Ec2Call, given: Mapping[str, str]) -> QueryReply:
        action = call.operation
        if action in whose.REFUSED:
            raise QueryError("UnsupportedOperation", f"{action} is not emulated by simlb: {whose.REFUSED[action]}.")
        self._elsewhere.check(f"{action} of EC2")
        whose.check_untouched(action, given, tags.resources(call))
        if action.startswith("Delete"):
            for one in sorted(used_ids(call.estate.changes).intersection(given.values())):
                raise QueryError("DependencyViolation", f"{one} has a dependent object: a load balancer of simlb's")
        reply = await self._elsewhere.ask(request, f"{action} of EC2")
        if action in whose.RULE_CHANGES and reply.status == OK:
            await call.estate.look_up_again()
        return reply


def _read(request: QueryRequest) -> tuple[str, Mapping[str, str], Scope]:
    query = read_form(request.query)
    scope = read_scope(request.authorization, query)
    check_region(scope)
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        raise QueryError("MalformedQueryString", "The body is not UTF-8.") from None
    given = merged([*query.items(), *read_form(text).items()])
    action = _action(given)
    check_signed(action, scope)
    return action, given, scope


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
    return action


def _without(given: Mapping[str, str], ids: str, own: Collection[str]) -> Mapping[str, str]:
    """The parameters of simlb's part of a list: without the ids that are not simlb's."""
    if not ids:
        return given
    return {key: value for key, value in given.items() if value in own or not key.startswith(f"{ids}.")}


def _items(body: bytes, member: str) -> tuple[Result, ...]:
    try:
        return tuple(xml.items(body, member))
    except XmlError as error:
        raise QueryError("ServiceUnavailable", f"The answer of moto cannot be understood: {error}") from error


def _failed(error: QueryError, request_id: str) -> QueryReply:
    body = xml.error_response(error.code, error.message, request_id)
    return QueryReply(status=_STATUS.get(error.code, 400), body=body, request_id=request_id)
