"""Hosted zones and their record sets, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from simlb.core.dns.names import ancestors, listing_key
from simlb.core.dns.values import Data, read_value

NS_TTL_S = 172_800
SOA_TTL_S = 900
ALIAS_TTL_S = 60
"""Of answers for aliases to load balancers."""
NAME_SERVERS_ZONE = "dns.localhost."
"""Where the names of name servers are; AWS's own would lead out of this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasTarget:
    """Where an alias leads. `dns_name` is canonical; `hosted_zone_id` a load balancer's, or the zone's own."""

    hosted_zone_id: str
    dns_name: str
    evaluate_target_health: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """The records of one name and type: `values` as they were written, with a TTL in seconds, or an alias."""

    name: str
    type: str
    ttl_s: int | None = None
    values: tuple[str, ...] = ()
    alias: AliasTarget | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others of its zone."""
        return self.name, self.type

    @property
    def data(self) -> tuple[Data, ...]:
        """The values, read."""
        return tuple(read_value(self.type, value) for value in self.values)

    @property
    def listing_key(self) -> tuple[tuple[str, ...], str]:
        """Its place in a list."""
        return listing_key(self.name), self.type


Records = Mapping[tuple[str, str], RecordSet]
"""By name and type."""


@dataclass(frozen=True, kw_only=True)
class HostedZone:
    """A public hosted zone. `name` is canonical, `id` without `/hostedzone/`."""

    id: str
    name: str
    caller_reference: str
    comment: str | None
    records: Records
    tags: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def listed(self) -> tuple[RecordSet, ...]:
        """All record sets in Route 53's order."""
        return tuple(sorted(self.records.values(), key=lambda records: records.listing_key))

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """The types at each name. Names that only others are below have none."""
        found: dict[str, tuple[str, ...]] = {}
        for name, type_ in self.records:
            found[name] = (*found.get(name, ()), type_)
        for name in list(found):
            for above in ancestors(name):
                found.setdefault(above, ())
                if above == self.name:
                    break
        return found

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The four names of its delegation set."""
        return name_servers(self.id)

    @property
    def is_bare(self) -> bool:
        """Whether it has only what every zone has."""
        return all(name == self.name and type_ in {"NS", "SOA"} for name, type_ in self.records)


def new_zone(zone_id: str, name: str, caller_reference: str, comment: str | None) -> HostedZone:
    """A zone with the records that it begins with."""
    servers = name_servers(zone_id)
    start = f"{servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    records = (
        RecordSet(name=name, type="NS", ttl_s=NS_TTL_S, values=servers),
        RecordSet(name=name, type="SOA", ttl_s=SOA_TTL_S, values=(start,)),
    )
    return HostedZone(
        id=zone_id,
        name=name,
        caller_reference=caller_reference,
        comment=comment,
        records={records.key: records for records in records},
    )


def new_zone_id(caller_reference: str) -> str:
    """`Z` and 20 signs, as AWS's newer ids. A caller reference names a zone, so that it can name its id too."""
    digits = hashlib.sha256(f"hosted zone\0{caller_reference}".encode()).hexdigest()
    return f"Z0{digits[:19].upper()}"


def name_servers(zone_id: str) -> tuple[str, ...]:
    """Four names, as AWS gives, that differ from zone to zone."""
    digits = hashlib.sha256(zone_id.encode()).digest()
    return tuple(
        f"ns-{digits[place] * 8 + place}.{region}.{NAME_SERVERS_ZONE}"
        for place, region in enumerate(("a", "b", "c", "d"))
    )


def zone_of(name: str, zones: Mapping[str, HostedZone]) -> HostedZone | None:
    """The zone that answers for a name, of zones by name: the closest one above."""
    return next((zones[above] for above in ancestors(name) if above in zones), None)


def by_name(zones: Iterator[HostedZone]) -> dict[str, HostedZone]:
    """Zones by name. Of several of one name the oldest, which comes first, answers."""
    found: dict[str, HostedZone] = {}
    for zone in zones:
        found.setdefault(zone.name, zone)
    return found
