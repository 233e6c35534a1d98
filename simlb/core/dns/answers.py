"""What a name server with these zones and load balancers answers. It knows nothing else and asks nobody.

- A name is answered by the hosted zone closest above it. simlb has names of its own: those of its load balancers and of
  name servers. Anything else is REFUSED.
- CNAMEs are followed as far as the answer is known here, as a resolver would do.
- An alias answers with the addresses of what it leads to. `EvaluateTargetHealth` changes nothing: a record that has no
  alternatives is answered by Route 53 too when all its targets are unhealthy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from simlb.core.dns.names import WILDCARD, ancestors, is_within, parent
from simlb.core.dns.values import Address, Data, Name, Start
from simlb.core.dns.zones import ALIAS_TTL_S, NAME_SERVERS_ZONE, NS_TTL_S, HostedZone, RecordSet, by_name, zone_of

Status = Literal["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"]
BALANCERS_ZONE = "elb.localhost."
DUALSTACK = "dualstack."
CHAIN_MAX = 8
"""How many CNAMEs and aliases are followed."""
OWN_TTL_S = 60
"""Of what simlb says of itself."""
ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a load balancer listens."""

    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()

    def of_type(self, type_: str) -> tuple[Address, ...]:
        """What an A or AAAA query is answered with."""
        return tuple(map(Address, {"A": self.ipv4, "AAAA": self.ipv6}.get(type_, ())))


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an answer; the TTL in load-balancer seconds."""

    name: str
    type: str
    ttl_s: int
    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. An empty NOERROR with the SOA in `authority` says that the name has no records of that type."""

    status: Status
    is_authoritative: bool = True
    records: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()


REFUSED = Answer(status="REFUSED", is_authoritative=False)
FAILED = Answer(status="SERVFAIL", is_authoritative=False)


class NameServer:
    """Answers questions. `zones` are all hosted zones, the oldest first; `balancer` gives the addresses of the load
    balancer with a canonical DNS name, None when there is none of that name.
    """

    def __init__(
        self, zones: Mapping[str, HostedZone], balancer: Callable[[str], Addresses | None], server_address: str
    ) -> None:
        """`server_address` is where the name servers' names lead."""
        self._zones = by_name(iter(zones.values()))
        self._ids = zones
        self._balancer = balancer
        self._server_address = server_address
        self._servers = frozenset(server for zone in zones.values() for server in zone.name_servers)

    def answer(self, name: str, type_: str) -> Answer:
        """The answer to a question. `name` is canonical; `type_` any type's name, or `ANY`."""
        zone = self._zone_of(name)
        if zone is None:
            return self._own_answer(name, type_)
        cut = self._cut(zone, name)
        if cut is not None:
            return Answer(status="NOERROR", is_authoritative=False, authority=tuple(_records(cut, cut.name)))
        found: list[Record] = []
        for _ in range(CHAIN_MAX):
            exists, records = self._at(zone, name, type_)
            found += records
            if not records:
                status: Status = "NOERROR" if exists else "NXDOMAIN"
                return Answer(status=status, records=tuple(found), authority=(_negative(zone),))
            first = records[0]
            if first.type != "CNAME" or type_ in {"CNAME", ANY}:
                break
            assert isinstance(first.data, Name)
            name = first.data.name
            zone_there = self._zone_of(name)
            if zone_there is None:
                found += self._own_records(name, type_) or ()
                break
            if self._cut(zone_there, name) is not None:
                break
            zone = zone_there
        return Answer(status="NOERROR", records=tuple(found))

    def records(self, name: str, type_: str) -> list[str]:
        """The values of a record set, names among them in their canonical form; empty when there is none."""
        zone = self._zone_of(name)
        held = zone.records.get((name, type_)) if zone is not None else None
        if held is None:
            return []
        pairs = zip(held.data, held.values, strict=True)
        return [data.name if isinstance(data, Name) else value for data, value in pairs]

    def _zone_of(self, name: str) -> HostedZone | None:
        return None if own_zone_of(name) is not None else zone_of(name, self._zones)

    def _at(self, zone: HostedZone, name: str, type_: str) -> tuple[bool, list[Record]]:
        """Whether the name is there, and what it answers with."""
        owner = name
        if name not in zone.names:
            closest = next(above for above in ancestors(parent(name)) if above in zone.names)
            owner = f"{WILDCARD}.{closest}"
            if owner not in zone.names:
                return False, []
        types = zone.names[owner]
        wanted = types if type_ == ANY else ("CNAME",) if "CNAME" in types else (type_,) if type_ in types else ()
        sets = (zone.records[owner, one] for one in wanted)
        return True, [record for held in sets for record in self._expanded(held, name)]

    def _expanded(self, held: RecordSet, name: str, depth: int = 0) -> list[Record]:
        if held.alias is None:
            return list(_records(held, name))
        zone = self._ids.get(held.alias.hosted_zone_id)
        if zone is None:
            addresses = self._balancer_of(held.alias.dns_name)
            found = addresses.of_type(held.type) if addresses is not None else ()
            return [Record(name, held.type, ALIAS_TTL_S, data) for data in found]
        target = zone.records.get((held.alias.dns_name, held.type))
        return self._expanded(target, name, depth + 1) if target is not None and depth < CHAIN_MAX else []

    def _cut(self, zone: HostedZone, name: str) -> RecordSet | None:
        """The NS records that hand a part of the zone, with this name, to other name servers."""
        below = []
        for above in ancestors(name):
            if above == zone.name:
                break
            below.append(above)
        sets = (zone.records.get((above, "NS")) for above in reversed(below))
        return next((held for held in sets if held is not None), None)

    def _balancer_of(self, name: str) -> Addresses | None:
        return self._balancer(name) or self._balancer(name.removeprefix(DUALSTACK))

    def _own_records(self, name: str, type_: str) -> tuple[Record, ...] | None:
        """Of names that simlb itself has; None where there is no such name."""
        addresses = self._balancer_of(name)
        if addresses is not None:
            types = ("A", "AAAA") if type_ == ANY else (type_,)
            return tuple(Record(name, one, ALIAS_TTL_S, data) for one in types for data in addresses.of_type(one))
        if name in self._servers:
            return (Record(name, "A", NS_TTL_S, Address(self._server_address)),) if type_ in {"A", ANY} else ()
        return None

    def _own_answer(self, name: str, type_: str) -> Answer:
        records = self._own_records(name, type_)
        zone = own_zone_of(name)
        if zone is None:
            return REFUSED
        if records:
            return Answer(status="NOERROR", records=records)
        start = Record(zone, "SOA", OWN_TTL_S, _OWN_START)
        if name == zone and type_ in {"SOA", ANY}:
            return Answer(status="NOERROR", records=(start,))
        # Right below are regions, which are there without records of their own.
        exists = records is not None or zone in {name, parent(name)}
        return Answer(status="NOERROR" if exists else "NXDOMAIN", authority=(start,))


_OWN_START = Start(f"ns.{NAME_SERVERS_ZONE}", f"hostmaster.{NAME_SERVERS_ZONE}", 1, 7200, 900, 1209600, OWN_TTL_S)


def own_zone_of(name: str) -> str | None:
    """The zone of simlb's own that a name is in: those of load balancers and name servers. No hosted zone has these."""
    return next((own for own in (BALANCERS_ZONE, NAME_SERVERS_ZONE) if is_within(name, own)), None)


def _records(held: RecordSet, name: str) -> Iterator[Record]:
    assert held.ttl_s is not None
    for data in held.data:
        yield Record(name, held.type, held.ttl_s, data)


def _negative(zone: HostedZone) -> Record:
    """The SOA that says how long a `no` holds (RFC 2308)."""
    (start,) = _records(zone.records[zone.name, "SOA"], zone.name)
    assert isinstance(start.data, Start)
    return Record(zone.name, "SOA", min(start.ttl_s, start.data.minimum_s), start.data)
