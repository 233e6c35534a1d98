"""Creating, changing and deleting target groups (reference 1.5)."""

from __future__ import annotations

from dataclasses import replace

from simlb.controlplane.operations.attributes import attribute_list, given_attributes
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.health_checks import health_check
from simlb.controlplane.operations.network import given_vpc
from simlb.controlplane.operations.references import TARGET_GROUP
from simlb.controlplane.operations.tags import read_tags
from simlb.controlplane.operations.target_groups import shown_attributes, target_group_result
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import foreign, ids, quotas
from simlb.core.attributes import TARGET_GROUP_ATTRIBUTES, AttributeValueError, TargetGroupAttributes
from simlb.core.foreign import vpc_of_target_group
from simlb.core.model import HealthCheck, Protocol, TargetGroup, TargetType
from simlb.core.validation import quota_errors, target_group_name_errors

_ONLY = {"ProtocolVersion": "HTTP1", "IpAddressType": "ipv4"}
"""Values besides which nothing is carried out yet."""


async def create_target_group(call: Call) -> Result:
    """A new target group without targets; the present one, when it is the same."""
    name = call.text("Name")
    for error in target_group_name_errors(name):
        raise QueryError(error.code, error.message)
    target_type = _target_type(call)
    protocol = _protocol(call)
    if not call.parameters.get("Port"):
        raise invalid("A port must be specified")
    vpc = await given_vpc(call)
    tags = read_tags(call.parameters.get("Tags"))
    check = health_check(call, HealthCheck(), target_type)

    def create(draft: Draft) -> Result:
        wanted = TargetGroup(
            name=draft.name(name),
            arn=ids.target_group_arn(call.region, name, draft.new_id()),
            target_type=target_type,
            protocol=protocol,
            port=call.parameters["Port"],
            health_check=check,
        )
        present = draft.configuration.target_groups.get(wanted.name)
        if present is not None:
            present_vpc = vpc_of_target_group(draft.changes.records, call.region, present.arn)
            has_tags = tags == draft.changes.tags.get(present.arn, {})
            if not (_is_same(present, wanted) and present_vpc == vpc and has_tags):
                raise QueryError(
                    "DuplicateTargetGroupName",
                    f"A target group with the same name '{name}' exists, but with different settings",
                )
            return _answer(call, draft, present)
        for error in quota_errors(quotas.TARGET_GROUPS, len(draft.configuration.target_groups) + 1):
            raise QueryError(error.code, error.message)
        draft.put_target_group(wanted)
        if vpc != ids.vpc_id(call.region):
            draft.put_record(foreign.TARGET_GROUP, wanted.arn, {"vpc": vpc})
        draft.put_tags(wanted.arn, tags)
        return _answer(call, draft, wanted)

    return await call.estate.change(create)


async def modify_target_group(call: Call) -> Result:
    """Other health check settings: they hold from the next probe on."""

    def modify(draft: Draft) -> Result:
        group = _named(call, draft)
        changed = replace(group, health_check=health_check(call, group.health_check, group.target_type))
        if changed != group:
            draft.put_target_group(changed)
        return _answer(call, draft, changed)

    return await call.estate.change(modify)


async def modify_target_group_attributes(call: Call) -> Result:
    """Other attributes: all that the call names, or none when one of them cannot be."""
    given = given_attributes(call, "Target group", TARGET_GROUP_ATTRIBUTES)

    def modify(draft: Draft) -> Result:
        group = _named(call, draft)
        try:
            attributes = TargetGroupAttributes.from_wire({**group.attributes.given, **given})
        except AttributeValueError as error:
            raise QueryError(error.code, str(error)) from error
        draft.put_target_group(replace(group, attributes=attributes))
        return {"Attributes": attribute_list(shown_attributes(attributes))}

    return await call.estate.change(modify)


async def delete_target_group(call: Call) -> Result:
    """Refused while an action names it. Its targets go on running."""

    def delete(draft: Draft) -> Result:
        group = _named(call, draft)
        if draft.catalog.users.get(group.name):
            raise QueryError(
                "ResourceInUse", f"The target group '{group.arn}' is currently in use by a listener or a rule"
            )
        draft.remove_target_group(group)
        return {}

    return await call.estate.change(delete)


def _named(call: Call, draft: Draft) -> TargetGroup:
    return TARGET_GROUP.find_one(draft.catalog.target_groups, call.text("TargetGroupArn"))


def _answer(call: Call, draft: Draft, group: TargetGroup) -> Result:
    return {"TargetGroups": [target_group_result(call.region, draft.catalog, group, draft.changes.records)]}


def _is_same(present: TargetGroup, wanted: TargetGroup) -> bool:
    """By what a call that creates a group can say."""
    return (present.target_type, present.protocol, present.port, present.health_check) == (
        wanted.target_type,
        wanted.protocol,
        wanted.port,
        wanted.health_check,
    )


def _target_type(call: Call) -> TargetType:
    given = call.text("TargetType") or TargetType.INSTANCE
    if given not in set(TargetType):
        raise _unsupported("TargetType", given, "instance, ip")
    for name, only in _ONLY.items():
        if (value := call.text(name)) not in {"", only}:
            raise _unsupported(name, value, only)
    if call.parameters.get("TargetControlPort") is not None:
        raise QueryError("InvalidConfigurationRequest", "TargetControlPort is not supported by simlb yet")
    return TargetType(given)


def _protocol(call: Call) -> Protocol:
    given = call.text("Protocol")
    if not given:
        raise invalid("A protocol must be specified")
    if given not in set(Protocol):
        raise _unsupported("Protocol", given, "HTTP, HTTPS")
    return Protocol(given)


def _unsupported(name: str, value: str, only: str) -> QueryError:
    return QueryError("InvalidConfigurationRequest", f"{name} '{value}' is not supported by simlb yet (only {only})")


HANDLERS: Handlers = {
    "CreateTargetGroup": create_target_group,
    "ModifyTargetGroup": modify_target_group,
    "ModifyTargetGroupAttributes": modify_target_group_attributes,
    "DeleteTargetGroup": delete_target_group,
}
