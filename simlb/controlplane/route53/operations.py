"""Route 53's operations. Hosted zones are of no region: the same ones for every client."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.estate import Estate
from simlb.controlplane.route53.errors import Route53Error, invalid_input, not_supported
from simlb.controlplane.route53.estate import NameEstate
from simlb.controlplane.route53.record_sets import (
    ID_PREFIX,
    alias_problems,
    bare_id,
    read_changes,
    read_type,
    to_values,
)
from simlb.core.dns.answers import own_zone_of
from simlb.core.dns.batches import InvalidBatchError, applied
from simlb.core.dns.bodies import KIND
from simlb.core.dns.names import ROOT, WILDCARD, DnsNameError, canonical, listing_key
from simlb.core.dns.zones import HostedZone, new_zone, new_zone_id

ZONES_MAX = 500
"""AWS's quota of hosted zones."""
TAGS_MAX = 50
CHANGES_KEPT = 1000
PROPAGATION_S = 20.0
"""After how long, in load-balancer time, a change is INSYNC. The name server here has it at once."""
_PAGE_OF_ZONES = 100
_PAGE_OF_RECORDS = 300

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    submitted_at: str
    in_sync_at: float
    comment: str | None


class Route53:
    """The hosted zones of one instance."""

    def __init__(self, estate: Estate, names: NameEstate) -> None:
        self._estate = estate
        self._names = names
        self._changes: OrderedDict[str, _Change] = OrderedDict()

    async def run(self, operation: str, given: Values) -> Values:
        """Carry out an operation with members as its shape has them. Raises Route53Error, or QueryError."""
        answer = _HANDLERS[operation](self, given)
        return await answer if isawaitable(answer) else answer

    def zone_ids(self) -> Collection[str]:
        """Of all hosted zones there are."""
        return self._names.zones().keys()

    # -- hosted zones --------------------------------------------------------------------------------------------------

    async def create_hosted_zone(self, given: Values) -> Values:
        """Create a public zone with its NS and SOA records."""
        config = given.get("HostedZoneConfig") or {}
        if given.get("VPC") or config.get("PrivateZone"):
            raise not_supported("A private hosted zone (VPC, PrivateZone)")
        if given.get("DelegationSetId"):
            raise not_supported("A reusable delegation set (DelegationSetId)")
        reference = _text(given, "CallerReference", 1, 128)
        comment = _text(config, "Comment", 0, 256) if "Comment" in config else None
        zone = new_zone(new_zone_id(reference), _zone_name(given.get("Name", "")), reference, comment)

        def create(draft: Draft) -> None:
            zones = self._names.zones()
            if any(present.caller_reference == reference for present in zones.values()):
                raise Route53Error(
                    "HostedZoneAlreadyExists",
                    "A hosted zone has already been created with the specified caller reference.",
                )
            if len(zones) >= ZONES_MAX:
                raise Route53Error("TooManyHostedZones", f"The limit of {ZONES_MAX} hosted zones has been reached.")
            draft.put_record(KIND, zone.id, self._names.written(zone))

        await self._estate.change(create)
        return {
            "HostedZone": _zone_values(zone),
            "ChangeInfo": self._submitted(None),
            "DelegationSet": _delegation_set(zone),
            "Location": f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone.id}",
        }

    def get_hosted_zone(self, given: Values) -> Values:
        """One zone."""
        zone = self._zone(given["Id"])
        return {"HostedZone": _zone_values(zone), "DelegationSet": _delegation_set(zone)}

    def list_hosted_zones(self, given: Values) -> Values:
        """All zones, in the order of their creation."""
        if given.get("DelegationSetId"):
            raise not_supported("A reusable delegation set (delegationsetid)")
        zones = list(self._names.zones().values())
        if given.get("HostedZoneType"):
            zones = []  # the only type to ask for is PrivateHostedZone
        marker = bare_id(given.get("Marker", ""))
        if marker:
            place = next((place for place, zone in enumerate(zones) if zone.id == marker), None)
            if place is None:
                raise invalid_input(f"The specified marker is not valid: {marker}")
            zones = zones[place:]
        count = _max_items(given, _PAGE_OF_ZONES)
        following = {"NextMarker": zones[count].id} if len(zones) > count else {}
        return {
            "HostedZones": [_zone_values(zone) for zone in zones[:count]],
            "Marker": marker,
            "IsTruncated": bool(following),
            "MaxItems": str(count),
            **following,
        }

    def list_hosted_zones_by_name(self, given: Values) -> Values:
        """All zones from a name on, in the order of their names read from the right."""
        name, zone_id = given.get("DNSName"), bare_id(given.get("HostedZoneId", ""))
        if zone_id and not name:
            raise invalid_input("The input is not valid: hostedzoneid goes with dnsname only.")
        zones = sorted(self._names.zones().values(), key=lambda zone: (listing_key(zone.name), zone.id))
        if name:
            first = (listing_key(_name(name)), zone_id)
            zones = [zone for zone in zones if (listing_key(zone.name), zone.id) >= first]
        count = _max_items(given, _PAGE_OF_ZONES)
        rest = zones[count:]
        following = {"NextDNSName": rest[0].name, "NextHostedZoneId": rest[0].id} if rest else {}
        return {
            "HostedZones": [_zone_values(zone) for zone in zones[:count]],
            "DNSName": name or None,
            "HostedZoneId": zone_id or None,
            "IsTruncated": bool(following),
            "MaxItems": str(count),
            **following,
        }

    def get_hosted_zone_count(self, _: Values) -> Values:
        """How many there are."""
        return {"HostedZoneCount": len(self._names.zones())}

    async def update_hosted_zone_comment(self, given: Values) -> Values:
        """Another comment, or none."""
        comment = _text(given, "Comment", 0, 256) if "Comment" in given else None

        def update(draft: Draft) -> HostedZone:
            zone = replace(self._zone(given["Id"]), comment=comment)
            draft.put_record(KIND, zone.id, self._names.written(zone))
            return zone

        return {"HostedZone": _zone_values(await self._estate.change(update))}

    async def delete_hosted_zone(self, given: Values) -> Values:
        """Delete a zone that has only what every zone has."""

        def delete(draft: Draft) -> None:
            zone = self._zone(given["Id"])
            if not zone.is_bare:
                raise Route53Error(
                    "HostedZoneNotEmpty",
                    "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
                )
            draft.remove_record(KIND, zone.id)

        await self._estate.change(delete)
        return {"ChangeInfo": self._submitted(None)}

    # -- record sets ---------------------------------------------------------------------------------------------------

    async def change_resource_record_sets(self, given: Values) -> Values:
        """Carry out a batch, all of it or nothing."""
        batch = given.get("ChangeBatch") or {}
        comment = _text(batch, "Comment", 0, 256) if "Comment" in batch else None
        self._zone(given["Id"])
        changes = read_changes(batch)

        def change(draft: Draft) -> None:
            zone = self._zone(given["Id"])
            try:
                records = applied(zone, changes, alias_problems(zone, draft.everything))
            except InvalidBatchError as error:
                raise Route53Error("InvalidChangeBatch", f"[{', '.join(error.messages)}]") from None
            draft.put_record(KIND, zone.id, self._names.written(replace(zone, records=records)))

        await self._estate.change(change)
        return {"ChangeInfo": self._submitted(comment)}

    def list_resource_record_sets(self, given: Values) -> Values:
        """The record sets of a zone, by name from the right and by type."""
        zone = self._zone(given["Id"])
        name, type_ = given.get("StartRecordName"), given.get("StartRecordType")
        if (type_ and not name) or (given.get("StartRecordIdentifier") and not type_):
            raise invalid_input("The input is not valid: a type goes with a name, an identifier with both.")
        listed = zone.listed
        if name:
            first = (listing_key(_name(name)), read_type(type_, "type") if type_ else "")
            listed = tuple(records for records in listed if records.listing_key >= first)
        count = _max_items(given, _PAGE_OF_RECORDS)
        rest = listed[count:]
        following = {"NextRecordName": rest[0].name, "NextRecordType": rest[0].type} if rest else {}
        return {
            "ResourceRecordSets": [to_values(records) for records in listed[:count]],
            "IsTruncated": bool(following),
            "MaxItems": str(count),
            **following,
        }

    def get_change(self, given: Values) -> Values:
        """Whether a change has reached every name server."""
        change_id = given["Id"].removeprefix("/change/")
        if change_id not in self._changes:
            raise Route53Error("NoSuchChange", f"A change with id {change_id[:64]} does not exist.")
        return {"ChangeInfo": self._change_info(change_id)}

    def get_dnssec(self, given: Values) -> Values:
        """Nothing is signed."""
        self._zone(given["Id"])
        return {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []}

    # -- tags ----------------------------------------------------------------------------------------------------------

    async def change_tags_for_resource(self, given: Values) -> Values:
        """Add tags, change their values, take them away."""
        added = {_text(tag, "Key", 1, 128): _text(tag, "Value", 0, 256) for tag in given.get("AddTags") or ()}
        removed = set(given.get("RemoveTagKeys") or ())
        if not (added or removed):
            raise invalid_input("The request has neither AddTags nor RemoveTagKeys.")

        def change(draft: Draft) -> None:
            zone = self._tagged(given)
            tags = {**{key: value for key, value in zone.tags.items() if key not in removed}, **added}
            if len(tags) > TAGS_MAX:
                raise invalid_input(f"A hosted zone can have at most {TAGS_MAX} tags.")
            draft.put_record(KIND, zone.id, self._names.written(replace(zone, tags=tags)))

        await self._estate.change(change)
        return {}

    def list_tags_for_resource(self, given: Values) -> Values:
        """The tags of a zone."""
        zone = self._tagged(given)
        tags = [{"Key": key, "Value": value} for key, value in zone.tags.items()]
        return {"ResourceTagSet": {"ResourceType": "hostedzone", "ResourceId": zone.id, "Tags": tags}}

    def _tagged(self, given: Values) -> HostedZone:
        if given["ResourceType"] != "hostedzone":
            raise not_supported(f"The resource type '{given['ResourceType'][:40]}'")
        return self._zone(given["ResourceId"])

    # -- common --------------------------------------------------------------------------------------------------------

    def _zone(self, given: str) -> HostedZone:
        zone = self._names.zones().get(bare_id(given))
        if zone is None:
            raise Route53Error("NoSuchHostedZone", f"No hosted zone found with ID: {bare_id(given)[:64]}")
        return zone

    def _submitted(self, comment: str | None) -> Values:
        change_id = f"C0{uuid.uuid4().hex[:19].upper()}"
        self._changes[change_id] = _Change(
            submitted_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            in_sync_at=self._names.now() + PROPAGATION_S,
            comment=comment,
        )
        while len(self._changes) > CHANGES_KEPT:
            self._changes.popitem(last=False)
        return self._change_info(change_id)

    def _change_info(self, change_id: str) -> Values:
        change = self._changes[change_id]
        return {
            "Id": f"/change/{change_id}",
            "Status": "INSYNC" if self._names.now() >= change.in_sync_at else "PENDING",
            "SubmittedAt": change.submitted_at,
            "Comment": change.comment,
        }


_HANDLERS: Mapping[str, Callable[[Route53, Values], Values | Awaitable[Values]]] = {
    "ChangeResourceRecordSets": Route53.change_resource_record_sets,
    "ChangeTagsForResource": Route53.change_tags_for_resource,
    "CreateHostedZone": Route53.create_hosted_zone,
    "DeleteHostedZone": Route53.delete_hosted_zone,
    "GetChange": Route53.get_change,
    "GetDNSSEC": Route53.get_dnssec,
    "GetHostedZone": Route53.get_hosted_zone,
    "GetHostedZoneCount": Route53.get_hosted_zone_count,
    "ListHostedZones": Route53.list_hosted_zones,
    "ListHostedZonesByName": Route53.list_hosted_zones_by_name,
    "ListResourceRecordSets": Route53.list_resource_record_sets,
    "ListTagsForResource": Route53.list_tags_for_resource,
    "UpdateHostedZoneComment": Route53.update_hosted_zone_comment,
}


def _zone_name(given: str) -> str:
    name = _name(given)
    if name == ROOT or WILDCARD in name:
        raise Route53Error("InvalidDomainName", f"The domain name is not valid: '{given}'")
    if own_zone_of(name) is not None:
        raise Route53Error("InvalidDomainName", f"{name} is reserved by AWS! simlb itself answers these names.")
    return name


def _name(given: str) -> str:
    try:
        return canonical(given)
    except DnsNameError as error:
        raise Route53Error("InvalidDomainName", error.words) from None


def _text(given: Values, member: str, shortest: int, longest: int) -> str:
    value: str = given.get(member, "")
    if not shortest <= len(value) <= longest:
        raise invalid_input(
            f"1 validation error detected: Value '{value[:40]}' at '{member[0].lower()}{member[1:]}' failed to satisfy "
            f"constraint: Member must have length between {shortest} and {longest}"
        )
    return value


def _max_items(given: Values, most: int) -> int:
    text = given.get("MaxItems", "")
    if not text:
        return most
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise invalid_input(f"1 validation error detected: Value '{text[:40]}' at 'maxItems' is no number above 0")
    return min(int(text), most)


def _zone_values(zone: HostedZone) -> Values:
    return {
        "Id": f"{ID_PREFIX}{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": {"Comment": zone.comment, "PrivateZone": False},
        "ResourceRecordSetCount": len(zone.records),
    }


def _delegation_set(zone: HostedZone) -> Values:
    return {"NameServers": [server.removesuffix(".") for server in zone.name_servers]}
