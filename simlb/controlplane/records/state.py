"""The whole of what is kept of an instance, as records of a kind and a key, and what differs between two states.

load-balancer, target-group, facts, tags            by ARN
changed, removed                                    by ARN, of what the file owns
security-group                                      by id
registration, deregistration                        by target group, target id and port
acm.certificate, route53.hosted-zone, ...           other services' own, whose bodies only they understand

Each record is of a region, which its key tells; a registration is of that of its group. Names in it are AWS's: what an
instance calls that (`ids.name_here`) depends on the region of its configuration, its `home`.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from simlb.controlplane.records.codec import TEXT, Codec, RecordError, by_name
from simlb.controlplane.records.load_balancers import FACTS, LOAD_BALANCER, SECURITY_GROUP
from simlb.controlplane.records.target_groups import REGISTRATION, TARGET_GROUP
from simlb.core import ids
from simlb.core.changes import Changes
from simlb.core.model import LoadBalancer, TargetGroup
from simlb.core.regional import named_load_balancer, named_registration, named_target_group
from simlb.core.registrations import Registration, Registrations
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered

Key = tuple[str, str]
"""Kind and key of a part of a state."""
Place = tuple[str, str, str]
"""Region, kind and key of a record. The key of a registration is of its region: AWS's name of the group is in it."""
GLOBAL_REGION = "aws-global"
"""Of what has no region, or one that is made of its id: hosted zones, tags of what EC2 has."""
OF_THEIR_GROUP = frozenset({"registration", "deregistration"})
"""Kinds whose region is that of the target group."""


def _as_it_is(value: Any) -> Any:
    return value


def _nothing(plain: Any) -> None:
    if plain != {}:
        raise RecordError("it has no members")


KINDS: Mapping[str, Codec[Any]] = {
    "load-balancer": LOAD_BALANCER,
    "target-group": TARGET_GROUP,
    "changed": Codec(lambda _: {}, _nothing),
    "removed": Codec(lambda _: {}, _nothing),
    "tags": by_name(TEXT),
    "facts": FACTS,
    "security-group": SECURITY_GROUP,
    "registration": REGISTRATION,
    "deregistration": REGISTRATION,
}
"""simlb's own. A kind of another service's has a dot in its name."""

_SERVICE: Codec[Any] = Codec(_as_it_is, _as_it_is)


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `body` is plain values only."""

    kind: str
    key: str
    body: Any
    region: str = GLOBAL_REGION

    @property
    def place(self) -> Place:
        """Where it is among all records."""
        return self.region, self.kind, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything that API calls and commands have made."""

    changes: Changes = field(default_factory=Changes)
    registrations: Registrations = field(default_factory=Registrations)

    def items(self) -> dict[Key, Any]:
        """Its parts, by kind and key, in their order. The same objects as long as nothing changes them."""
        held = self._held()
        return _items(held, held)

    def since(self, before: State) -> tuple[list[Key], list[Key]]:
        """What leaves and what is new or changed from `before` to this; see `difference`.

        Of a kind that is the same object in both nothing is looked at, and of registrations only at where they differ.
        """
        was, now = _apart(before.registrations, self.registrations)
        old, new = replace(before, registrations=was)._held(), replace(self, registrations=now)._held()
        kinds = [kind for kind in {**old, **new} if old.get(kind) is not new.get(kind)]
        return difference(_items(old, kinds), _items(new, kinds))

    def row(self, key: Key, home: str) -> Row:
        """One part of it as a record, of an instance whose configuration is in the region `home`."""
        kind, name = key
        return _encode(key, self._held()[kind][name], home)

    def place(self, key: Key, home: str) -> Place:
        """Where the record of one part is."""
        kind, name = key
        return _place(key, self._held()[kind][name], home)

    def rows(self, home: str) -> list[Row]:
        """All of it as records."""
        return [_encode(key, value, home) for key, value in self.items().items()]

    def moved(self, home: str, to: str) -> State:
        """The same for an instance whose configuration is in another region: other names."""
        return self if home == to else State.of(self.rows(home), to)

    @classmethod
    def of(cls, rows: Iterable[Row], home: str) -> State:
        """Read records back, for an instance whose configuration is in the region `home`. Raises RecordError."""
        found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        records: dict[str, dict[str, Any]] = {}
        for row in rows:
            held = records.setdefault(row.kind, {}) if is_of_service(row.kind) else found.get(row.kind)
            if held is None:
                raise RecordError(f"there is no kind of record '{row.kind}'")
            try:
                key, value = _decode(row, home)
            except RecordError as error:
                raise error.within(row.key).within(row.kind) from None
            held[key] = value
        return cls(
            changes=Changes(
                load_balancers=found["load-balancer"],
                target_groups=found["target-group"],
                changed=frozenset(found["changed"]),
                removed=frozenset(found["removed"]),
                tags=found["tags"],
                facts=found["facts"],
                security_groups=found["security-group"],
                records=records,
            ),
            registrations=Registrations(
                added=tuple(found["registration"].values()), removed=tuple(found["deregistration"].values())
            ),
        )

    def _held(self) -> dict[str, Mapping[str, Any]]:
        """By kind and key."""
        changes = self.changes
        return {
            "load-balancer": changes.load_balancers,
            "target-group": changes.target_groups,
            "changed": dict.fromkeys(sorted(changes.changed)),
            "removed": dict.fromkeys(sorted(changes.removed)),
            "tags": changes.tags,
            "facts": changes.facts,
            "security-group": changes.security_groups,
            "registration": _by_key(self.registrations.added),
            "deregistration": _by_key(self.registrations.removed),
            **changes.records,
        }


def is_of_service(kind: str) -> bool:
    """Whether records of that kind are another service's own."""
    return "." in kind


def place_of(kind: str, key: str, region: str) -> Place:
    """Where a record is: a registration is in `region`, where its group is; of all others the key says it."""
    if kind in OF_THEIR_GROUP:
        return region, kind, key
    return ids.region_of(key) or GLOBAL_REGION, kind, key


def _place(key: Key, value: Any, home: str) -> Place:
    kind, name = key
    if isinstance(value, Registration):
        return ids.region_of_name(home, value.target_group), kind, _record_key(value)
    return place_of(kind, name, "")


def _encode(key: Key, value: Any, home: str) -> Row:
    region, kind, name = _place(key, value, home)
    return Row(kind, name, _codec(kind).encode(value), region)


def _decode(row: Row, home: str) -> tuple[str, Any]:
    """What a record holds, and its key within a state."""
    body = row.body
    if row.kind == "security-group" and isinstance(body, dict):
        body = {"region": home, **body}  # which earlier documents do not say
    value = _codec(row.kind).decode(body)
    match value:
        case LoadBalancer():
            value = named_load_balancer(value, home)
        case TargetGroup():
            value = named_target_group(value, home)
        case Registration():
            value = named_registration(value, home, row.region)
            if _record_key(value) == row.key:
                return _key_of(value), value
    return row.key, value


def difference(before: Mapping[Key, Any], after: Mapping[Key, Any]) -> tuple[list[Key], list[Key]]:
    """What leaves and what is new or changed from one state's items to another's.

    Parts are compared by identity: what a change did not touch is the same object. A part that moved within its kind
    leaves and comes again, at the end, as does everything behind it.
    """
    places = {key: place for place, key in enumerate(before)}
    leaving = [key for key in before if key not in after]
    coming: list[Key] = []
    last: dict[str, float] = {}
    for key, value in after.items():
        place = places.get(key)
        if place is not None and place > last.get(key[0], -1):
            last[key[0]] = place
            if before[key] is not value:
                coming.append(key)
            continue
        if place is not None:
            leaving.append(key)
        last[key[0]] = float("inf")
        coming.append(key)
    return leaving, coming


def _codec(kind: str) -> Codec[Any]:
    return _SERVICE if is_of_service(kind) else KINDS[kind]


def _items(held: Mapping[str, Mapping[str, Any]], kinds: Iterable[str]) -> dict[Key, Any]:
    return {(kind, key): value for kind in kinds for key, value in held.get(kind, {}).items()}


def _apart(before: Registrations, after: Registrations) -> tuple[Registrations, Registrations]:
    """Both, each without what it has in common with the other at the beginning and, where something leaves, the end."""
    old_added, added = _trimmed(before.added, after.added)
    old_removed, removed = _trimmed(before.removed, after.removed)
    return Registrations(old_added, old_removed), Registrations(added, removed)


def _trimmed(
    before: tuple[Registration, ...], after: tuple[Registration, ...]
) -> tuple[tuple[Registration, ...], tuple[Registration, ...]]:
    if before is after:
        return (), ()
    # Mostly something comes at the end of a thousand, or leaves from anywhere.
    begin = sum(1 for _ in itertools.takewhile(bool, map(operator.is_, before, after)))
    rest, coming = before[begin:], after[begin:]
    leaving = len(rest) - len(coming)
    if coming and leaving > 0 and all(map(operator.is_, rest[leaving:], coming)):
        return rest[:leaving], ()
    return rest, coming


def _keyed(registrations: tuple[Registration, ...]) -> dict[str, Registration]:
    return {_key_of(item): item for item in registrations}


def _key_of(item: Registration) -> str:
    return f"{item.target_group}/{item.target.id}/{item.target.port}"


def _record_key(item: Registration) -> str:
    return f"{ids.aws_name(item.target_group)}/{item.target.id}/{item.target.port}"


_by_key = Remembered(_keyed, LARGE_REMEMBERED_MAX)
