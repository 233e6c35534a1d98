"""Tags of what EC2 has here: security groups and their rules, instances, the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result, missing
from simlb.controlplane.ec2.network import network_ids
from simlb.controlplane.ec2.permissions import rule_id
from simlb.controlplane.ec2.references import instances
from simlb.controlplane.ec2.selection import Item, described
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.tags import RESERVED, TAGS_MAX
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer

_KEY_MAX = 127
_VALUE_MAX = 255
_PREFIXES = ("sg-", "sgr-", "i-", "vpc-", "subnet-", "igw-", "rtb-")


def describe_tags(call: Ec2Call) -> Result:
    """Every tag of everything."""
    items = [
        Item(
            id=f"{resource} {key}",
            facts={"resource-id": (resource,), "resource-type": (kind,), "key": (key,), "value": (value,)},
            tags={key: value},
            shown={"resourceId": resource, "resourceType": kind, "key": key, "value": value},
        )
        for resource, kind in resources(call).items()
        for key, value in call.tags(resource).items()
    ]
    return described(call, "tagSet", items, filters=("resource-id", "resource-type", "key", "value"))


def create_tags(call: Ec2Call) -> Answer:
    """Tag resources, or give tags that are there other values."""
    given = _read(call.parameters.get("Tag") or ())
    if not given:
        raise missing("Tag")
    wanted = _wanted(call)

    def create(draft: Draft) -> Result:
        for resource in wanted:
            put_tags(draft, resource, {**draft.changes.tags.get(resource, {}), **given})
        return {"return": True}

    return call.change(create)


def delete_tags(call: Ec2Call) -> Answer:
    """Take tags away: all, those of given keys, or those of given keys and values."""
    wanted = _wanted(call)
    given = call.parameters.get("Tag")
    for tag in given or ():
        if not tag.get("Key"):
            raise missing("Tag.Key")

    def goes(key: str, value: str) -> bool:
        return not given or any(tag["Key"] == key and tag.get("Value", value) == value for tag in given)

    def delete(draft: Draft) -> Result:
        for resource in wanted:
            held = draft.changes.tags.get(resource, {})
            put_tags(draft, resource, {key: value for key, value in held.items() if not goes(key, value)})
        return {"return": True}

    return call.change(delete)


def read_tag_specifications(call: Ec2Call, kind: str) -> dict[str, str]:
    """The tags that a call gives to what it creates. Raises QueryError for those of another type of resource."""
    tags: list[Mapping[str, Any]] = []
    for given in call.parameters.get("TagSpecification") or ():
        if given.get("ResourceType") != kind:
            raise QueryError(
                "InvalidParameterValue",
                f"'{given.get('ResourceType', '')}' is not a valid taggable resource type for this operation.",
            )
        tags += given.get("Tag") or ()
    return _read(tags)


def put_tags(draft: Draft, resource: str, tags: dict[str, str]) -> None:
    """All tags of a resource. Raises QueryError TagLimitExceeded."""
    if len(tags) > TAGS_MAX:
        raise QueryError("TagLimitExceeded", f"The maximum number of tags for a resource is {TAGS_MAX}.")
    draft.put_tags(resource, tags)


def _read(given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in given:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if not key:
            raise missing("Tag.Key")
        if len(key) > _KEY_MAX:
            raise QueryError("InvalidParameterValue", f"Tag key exceeds the maximum length of {_KEY_MAX} characters")
        if len(value) > _VALUE_MAX:
            raise QueryError(
                "InvalidParameterValue", f"Tag value exceeds the maximum length of {_VALUE_MAX} characters"
            )
        if key.lower().startswith(RESERVED):
            raise QueryError(
                "InvalidParameterValue", f"Tag keys starting with '{RESERVED}' are reserved for internal use"
            )
        if key in tags:
            raise QueryError("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
        tags[key] = value
    return tags


def _wanted(call: Ec2Call) -> tuple[str, ...]:
    known = resources(call)
    wanted = call.required_list("ResourceId", "ResourceId")
    for one in wanted:
        if one not in known:
            is_ours = one.startswith(_PREFIXES)
            why = "does not exist" if is_ours else "is of a type that is not emulated by simlb, or does not exist"
            raise QueryError("InvalidID", f"The ID '{one}' {why}")
    return wanted


def resources(call: Ec2Call) -> dict[str, str]:
    """Everything that can have tags, with its resource type."""
    groups = call.security_groups().values()
    rules = {
        rule_id(group, rule, is_egress=is_egress): "security-group-rule"
        for group in groups
        for is_egress, held in ((False, group.rules), (True, group.outbound))
        for rule in held
    }
    return {
        **network_ids(call.region),
        **{group.id: "security-group" for group in groups},
        **rules,
        **dict.fromkeys(instances(call), "instance"),
    }


HANDLERS: Handlers = {"DescribeTags": describe_tags, "CreateTags": create_tags, "DeleteTags": delete_tags}
