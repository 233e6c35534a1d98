"""Zones to look at, written in short."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.dns.names import canonical
from simlb.core.dns.zones import AliasTarget, HostedZone, RecordSet, new_zone


def record_set(name: str, type_: str, *values: str, ttl_s: int = 300) -> RecordSet:
    return RecordSet(name=canonical(name), type=type_, ttl_s=ttl_s, values=values)


def alias(name: str, target: str, *, zone: str = "ZELB", type_: str = "A") -> RecordSet:
    leads = AliasTarget(hosted_zone_id=zone, dns_name=canonical(target), evaluate_target_health=True)
    return RecordSet(name=canonical(name), type=type_, alias=leads)


def zone(name: str, *records: RecordSet, zone_id: str = "Z1") -> HostedZone:
    made = new_zone(zone_id, canonical(name), zone_id, None)
    return replace(made, records={**made.records, **{each.key: each for each in records}})
