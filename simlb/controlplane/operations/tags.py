"""Tags of elbv2's resources. A listener has one of simlb's own: where it really is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.references import (
    KINDS,
    LISTENER,
    LOAD_BALANCER,
    RULE,
    TARGET_GROUP,
    TRUST_STORE,
    Kind,
    check_count,
)
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.trust_stores import in_region

TAGS_MAX = 50
"""Of one resource (reference 1.6)."""
RESERVED = "aws:"
URL_TAG = "aws:simlb:url"
"""Of a listener: what a client on this machine types. Terraform and Ansible pass over `aws:...`, the tags of services;
any other tag that they have not set themselves they would take away at every run."""


def describe_tags(call: Call) -> Result:
    """Of up to twenty resources of any kind."""
    arns = _resources(call, call.catalog)
    return {"TagDescriptions": [{"ResourceArn": arn, "Tags": _tags(call, arn)} for arn in arns]}


async def add_tags(call: Call) -> Result:
    """Add tags to resources, or give those that are there other values."""
    given = read_tags(call.parameters["Tags"])

    def add(draft: Draft) -> Result:
        for arn in _resources(call, draft.catalog):
            tags = {**draft.changes.tags.get(arn, {}), **given}
            check_tag_count(tags)
            draft.put_tags(arn, tags)
        return {}

    return await call.estate.change(add)


async def remove_tags(call: Call) -> Result:
    """Take tags away from resources. Keys that are not there are passed over."""
    keys = set(call.texts("TagKeys"))

    def remove(draft: Draft) -> Result:
        for arn in _resources(call, draft.catalog):
            held = draft.changes.tags.get(arn, {})
            draft.put_tags(arn, {key: value for key, value in held.items() if key not in keys})
        return {}

    return await call.estate.change(remove)


def read_tags(given: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The `Tags` of a call. Raises QueryError DuplicateTagKeys, TooManyTags or ValidationError."""
    tags: dict[str, str] = {}
    for tag in given or ():
        key = tag["Key"]
        if key in tags:
            raise QueryError("DuplicateTagKeys", f"Tag key was specified more than once: {key}")
        if key.lower().startswith(RESERVED):
            raise invalid(f"Tag keys starting with '{RESERVED}' are reserved for system use")
        tags[key] = tag.get("Value", "")
    check_tag_count(tags)
    return tags


def check_tag_count(tags: Mapping[str, str]) -> None:
    """Raise QueryError TooManyTags for more than a resource may have."""
    if len(tags) > TAGS_MAX:
        raise QueryError(
            "TooManyTags", "The quota for the number of tags that can be assigned to a load balancer has been reached"
        )


def _resources(call: Call, catalog: Catalog) -> tuple[str, ...]:
    """The ARNs that the call names, all of which are there."""
    arns = call.texts("ResourceArns")
    if not arns:
        raise invalid("At least one resource ARN must be specified")
    check_count(len(arns), "resource ARNs")
    held = {
        LOAD_BALANCER: catalog.load_balancers,
        LISTENER: catalog.listeners,
        RULE: catalog.rules,
        TARGET_GROUP: catalog.target_groups,
        TRUST_STORE: in_region(call.estate.changes.trust_stores(call.estate.file), call.region),
    }
    for arn in arns:
        if arn not in held[_kind(arn)]:
            raise _kind(arn).missing()
    return arns


def _kind(arn: str) -> Kind:
    kind = next((kind for kind in KINDS if kind.fits(arn)), None)
    if kind is None:
        raise invalid(f"'{arn}' is not a valid resource ARN")
    return kind


def _tags(call: Call, arn: str) -> list[dict[str, str]]:
    tags = [{"Key": key, "Value": value} for key, value in call.estate.changes.tags.get(arn, {}).items()]
    entry = call.catalog.listeners.get(arn)
    if entry is not None:
        tags.append({"Key": URL_TAG, "Value": call.estate.url(entry.load_balancer, entry.listener)})
    return tags


HANDLERS: Handlers = {"DescribeTags": describe_tags, "AddTags": add_tags, "RemoveTags": remove_tags}
