"""What ids and names of security groups and instances lead to, and what is said when they lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simlb.controlplane.ec2.call import Ec2Call, missing
from simlb.controlplane.query.errors import QueryError
from simlb.core.model import Instance
from simlb.core.security_groups import NamedSecurityGroup

_GROUP_ID = re.compile(r"sg-[0-9a-f]{8,17}")
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


def find_group(groups: Mapping[str, NamedSecurityGroup], group_id: str) -> NamedSecurityGroup:
    """The security group of that id. Raises QueryError InvalidGroupId.Malformed or InvalidGroup.NotFound."""
    group = groups.get(group_id)
    if group is None:
        raise no_group(group_id)
    return group


def no_group(group_id: str) -> QueryError:
    """For an id that no group has."""
    if _GROUP_ID.fullmatch(group_id) is None:
        return QueryError("InvalidGroupId.Malformed", f'Invalid id: "{group_id}" (expecting "sg-...")')
    return QueryError("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


def group_named(groups: Mapping[str, NamedSecurityGroup], name: str) -> NamedSecurityGroup:
    """The security group of that name. Raises QueryError InvalidGroup.NotFound."""
    group = next((group for group in groups.values() if group.name == name), None)
    if group is None:
        raise QueryError("InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC")
    return group


def group_of(call: Ec2Call, groups: Mapping[str, NamedSecurityGroup]) -> NamedSecurityGroup:
    """The one that a call names by `GroupId` or, in the default VPC, by `GroupName`."""
    group_id, name = call.text("GroupId"), call.text("GroupName")
    if not (group_id or name):
        raise missing("GroupName or GroupId")
    found = find_group(groups, group_id) if group_id else group_named(groups, name)
    if name and found.name != name:
        raise QueryError(
            "InvalidParameterCombination", f"The security group '{group_id}' does not have the name '{name}'"
        )
    return found


def no_instance(instance_id: str) -> QueryError:
    """For an id that no instance has."""
    if _INSTANCE_ID.fullmatch(instance_id) is None:
        return QueryError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
    return QueryError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")


def instances(call: Ec2Call) -> Mapping[str, Instance]:
    """Those of the configuration file, by id."""
    return {instance.id: instance for instance in call.estate.file.instances}


def find_instances(call: Ec2Call) -> list[Instance]:
    """Those that a call names. Raises QueryError when one is not there."""
    known = instances(call)
    wanted = call.required_list("InstanceId", "InstanceId")
    for one in wanted:
        if one not in known:
            raise no_instance(one)
    return [known[one] for one in wanted]
