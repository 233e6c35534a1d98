"""Record sets as the API has them: reading change batches, and telling what there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from simlb.controlplane.route53.errors import Route53Error, invalid_input, not_supported
from simlb.core.dns.answers import DUALSTACK
from simlb.core.dns.batches import Action, AliasProblem, Change
from simlb.core.dns.names import DnsNameError, canonical, is_within
from simlb.core.dns.values import TYPES, UNSUPPORTED_TYPES
from simlb.core.dns.zones import AliasTarget, HostedZone, Records, RecordSet
from simlb.core.ids import hosted_zone_id
from simlb.core.model import Configuration

CHANGES_MAX = 1000
VALUE_CHARACTERS_MAX = 32_000
"""Of all values of a batch."""
TTL_MAX_S = 2**31 - 1
ID_PREFIX = "/hostedzone/"
_ALIAS_TYPES = ("A", "AAAA")
_ROUTING = {
    "Weight": "Weighted routing (Weight)",
    "Region": "Latency routing (Region)",
    "GeoLocation": "Geolocation routing (GeoLocation)",
    "GeoProximityLocation": "Geoproximity routing (GeoProximityLocation)",
    "Failover": "Failover routing (Failover)",
    "MultiValueAnswer": "Multivalue answer routing (MultiValueAnswer)",
    "CidrRoutingConfig": "IP-based routing (CidrRoutingConfig)",
    "HealthCheckId": "A health check of Route 53 (HealthCheckId)",
    "TrafficPolicyInstanceId": "A traffic policy (TrafficPolicyInstanceId)",
    "SetIdentifier": "A record with a SetIdentifier (any routing but simple)",
}


def read_changes(batch: Mapping[str, Any]) -> list[Change]:
    """The changes of a `ChangeBatch`. Raises Route53Error InvalidInput or InvalidChangeBatch."""
    given = batch.get("Changes") or []
    if not 1 <= len(given) <= CHANGES_MAX:
        raise invalid_input(
            f"1 validation error detected: Value at 'changeBatch.changes' failed to satisfy constraint: Member must "
            f"have length between 1 and {CHANGES_MAX}"
        )
    changes = [_change(place, each) for place, each in enumerate(given, 1)]
    if sum(len(value) for change in changes for value in change.records.values) > VALUE_CHARACTERS_MAX:
        raise Route53Error(
            "InvalidChangeBatch",
            f"[Number of characters in the values of the batch exceeds {VALUE_CHARACTERS_MAX}]",
        )
    return changes


def to_values(records: RecordSet) -> dict[str, Any]:
    """As `ListResourceRecordSets` tells it."""
    named = {"Name": records.name, "Type": records.type}
    if records.alias is None:
        return {**named, "TTL": records.ttl_s, "ResourceRecords": [{"Value": value} for value in records.values]}
    alias = records.alias
    target = {
        "HostedZoneId": alias.hosted_zone_id,
        "DNSName": alias.dns_name,
        "EvaluateTargetHealth": alias.evaluate_target_health,
    }
    return {**named, "AliasTarget": target}


def alias_problems(zone: HostedZone, configuration: Configuration) -> AliasProblem:
    """Aliases lead to a load balancer of this instance, or to records of the same zone."""
    balancers = {
        balancer.dns_name.lower(): hosted_zone_id(balancer.region) for balancer in configuration.load_balancers
    }

    def problem(records: RecordSet, alias: AliasTarget, present: Records) -> str | None:
        tried = (
            f"Tried to create an alias that targets {alias.dns_name}, type {records.type} in zone "
            f"{alias.hosted_zone_id}, but"
        )
        if alias.hosted_zone_id == zone.id:
            if not is_within(alias.dns_name, zone.name):
                return f"{tried} the alias target name does not lie within the target zone"
            is_there = (alias.dns_name, records.type) in present and alias.dns_name != records.name
            return None if is_there else f"{tried} that target was not found"
        name = alias.dns_name.removeprefix(DUALSTACK).removesuffix(".")
        if name not in balancers:
            return f"{tried} that target was not found: simlb knows its load balancers and records of the same zone"
        if alias.hosted_zone_id != balancers[name]:
            return f"{tried} the alias target name does not lie within the target zone"
        return None

    return problem


def bare_id(given: str) -> str:
    """An id without `/hostedzone/`."""
    return given.removeprefix(ID_PREFIX)


def read_type(given: str, place: str) -> str:
    """A record type. Raises Route53Error InvalidInput."""
    if given in UNSUPPORTED_TYPES:
        raise not_supported(f"The record type {given} ({place})")
    if given not in TYPES:
        raise invalid_input(
            f"1 validation error detected: Value '{given}' at '{place}' failed to satisfy constraint: Member must "
            f"satisfy enum value set: [{', '.join(TYPES)}]"
        )
    return given


def _change(place: int, given: Mapping[str, Any]) -> Change:
    at = f"changeBatch.changes.{place}.member"
    action = given.get("Action", "")
    if action not in get_args(Action):
        raise invalid_input(
            f"1 validation error detected: Value '{action}' at '{at}.action' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{', '.join(get_args(Action))}]"
        )
    return Change(action=action, records=_record_set(given.get("ResourceRecordSet") or {}, action, at))


def _record_set(given: Mapping[str, Any], action: str, at: str) -> RecordSet:
    for member, words in _ROUTING.items():
        if member in given:
            raise not_supported(words)
    type_ = read_type(given.get("Type", ""), f"{at}.resourceRecordSet.type")
    written = given.get("Name", "")
    values = tuple(record.get("Value", "") for record in given.get("ResourceRecords") or ())
    has_alias, has_values = "AliasTarget" in given, "TTL" in given and bool(values)
    if has_alias == has_values or (has_alias and ("TTL" in given or values)):
        found = "more than one" if has_alias else "none"
        raise invalid_input(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={written}, "
            f"Type={type_}, SetIdentifier=null]"
        )
    name = _name(written)
    if has_alias:
        return RecordSet(name=name, type=type_, alias=_alias(given["AliasTarget"], type_))
    ttl = given["TTL"]
    if not 0 <= ttl <= TTL_MAX_S:
        raise invalid_input(
            f"1 validation error detected: Value '{ttl}' at '{at}.resourceRecordSet.tTL' failed to satisfy "
            f"constraint: Member must be between 0 and {TTL_MAX_S}"
        )
    return RecordSet(name=name, type=type_, ttl_s=ttl, values=values)


def _alias(given: Mapping[str, Any], type_: str) -> AliasTarget:
    missing = [member for member in ("HostedZoneId", "DNSName", "EvaluateTargetHealth") if member not in given]
    if missing:
        raise invalid_input(f"Invalid XML ; AliasTarget has no {missing[0]}")
    if type_ not in _ALIAS_TYPES:
        raise not_supported(f"An alias record of type {type_}")
    return AliasTarget(
        hosted_zone_id=bare_id(given["HostedZoneId"]),
        dns_name=_name(given["DNSName"]),
        evaluate_target_health=given["EvaluateTargetHealth"],
    )


def _name(written: str) -> str:
    try:
        return canonical(written)
    except DnsNameError as error:
        raise Route53Error("InvalidChangeBatch", f"[{error.words}]") from None
