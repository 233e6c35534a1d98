"""Tags. Nobody can set any yet; a listener has one of simlb's own, which tells where it really is."""

from __future__ import annotations

from simlb.controlplane.operations.call import Call, Handlers, Result
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
from simlb.controlplane.query.errors import invalid

URL_TAG = "simlb:url"
"""Of a listener: what a client on this machine types."""


def describe_tags(call: Call) -> Result:
    """Of up to twenty resources of any kind."""
    arns = call.texts("ResourceArns")
    if not arns:
        raise invalid("At least one resource ARN must be specified")
    check_count(len(arns), "resource ARNs")
    catalog = call.catalog
    held = {
        LOAD_BALANCER: catalog.load_balancers,
        LISTENER: catalog.listeners,
        RULE: catalog.rules,
        TARGET_GROUP: catalog.target_groups,
        TRUST_STORE: {},
    }
    for arn in arns:
        if arn not in held[_kind(arn)]:
            raise _kind(arn).missing()
    return {"TagDescriptions": [{"ResourceArn": arn, "Tags": _tags(call, arn)} for arn in arns]}


def _kind(arn: str) -> Kind:
    kind = next((kind for kind in KINDS if kind.fits(arn)), None)
    if kind is None:
        raise invalid(f"'{arn}' is not a valid resource ARN")
    return kind


def _tags(call: Call, arn: str) -> list[dict[str, str]]:
    entry = call.catalog.listeners.get(arn)
    if entry is None:
        return []
    return [{"Key": URL_TAG, "Value": call.estate.url(entry.load_balancer, entry.listener)}]


HANDLERS: Handlers = {"DescribeTags": describe_tags}
