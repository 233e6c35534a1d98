"""Hosted zones as plain JSON values, and back: what is kept of them."""

from __future__ import annotations

from typing import Any

from simlb.core.dns.names import canonical
from simlb.core.dns.zones import AliasTarget, HostedZone, RecordSet

KIND = "route53.hosted-zone"


def to_body(zone: HostedZone) -> dict[str, Any]:
    """The zone without its id, which is its key."""
    return {
        "name": zone.name,
        "caller_reference": zone.caller_reference,
        "comment": zone.comment,
        "tags": dict(zone.tags),
        "records": [_record_set_body(records) for records in zone.records.values()],
    }


def from_body(zone_id: str, body: Any) -> HostedZone:
    """Read it back. Raises KeyError, TypeError or ValueError for what `to_body` has not written."""
    sets = [_record_set(each) for each in body["records"]]
    name = body["name"]
    if not {(name, "NS"), (name, "SOA")} <= {records.key for records in sets}:
        raise ValueError(f"the zone {name} has no NS or SOA record")
    return HostedZone(
        id=zone_id,
        name=name,
        caller_reference=body["caller_reference"],
        comment=body["comment"],
        tags=dict(body["tags"]),
        records={records.key: records for records in sets},
    )


def _record_set_body(records: RecordSet) -> dict[str, Any]:
    named = {"name": records.name, "type": records.type}
    if records.alias is None:
        return {**named, "ttl": records.ttl_s, "values": list(records.values)}
    alias = records.alias
    return {**named, "alias": [alias.hosted_zone_id, alias.dns_name, alias.evaluate_target_health]}


def _record_set(body: Any) -> RecordSet:
    alias = None
    if "alias" in body:
        hosted_zone_id, dns_name, evaluates = body["alias"]
        alias = AliasTarget(hosted_zone_id=hosted_zone_id, dns_name=dns_name, evaluate_target_health=evaluates)
    records = RecordSet(
        name=body["name"],
        type=body["type"],
        ttl_s=None if alias is not None else int(body["ttl"]),
        values=tuple(body.get("values", ())),
        alias=alias,
    )
    if canonical(records.name) != records.name or not (records.data or alias):
        raise ValueError(f"{records.name} has no records, or is not as it is written")
    return records
