"""Change batches: all of it or nothing, and in Route 53's words why not.

A batch is judged in its order; what must not be beside each other, such as a CNAME and an address, is looked at as it
would be in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from simlb.core.dns.names import is_within
from simlb.core.dns.values import DnsValueError, read_value
from simlb.core.dns.zones import AliasTarget, HostedZone, Records, RecordSet

Action = Literal["CREATE", "DELETE", "UPSERT"]
RECORD_SETS_MAX = 10_000
"""In one zone."""

AliasProblem = Callable[[RecordSet, AliasTarget, Records], str | None]
"""Why an alias cannot lead there, in Route 53's words, given the zone's records by then; None when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a batch."""

    action: Action
    records: RecordSet


class InvalidBatchError(ValueError):
    """A batch that was refused; `messages` has a sentence for each thing that is wrong."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = tuple(messages)


def applied(zone: HostedZone, changes: Sequence[Change], alias_problem: AliasProblem) -> Records:
    """The records of the zone with a batch carried out. Raises InvalidBatchError, with everything that is wrong."""
    problems: list[str] = []
    records = dict(zone.records)
    seen: dict[tuple[str, str], list[Action]] = {}
    for change in changes:
        wanted = change.records
        before = seen.setdefault(wanted.key, [])
        before.append(change.action)
        found = _form_problems(zone, wanted, records, alias_problem) if change.action != "DELETE" else []
        if before not in ([change.action], ["DELETE", "CREATE"]):
            found.append(
                "The request contains an invalid set of changes for a resource record set "
                f"'{wanted.type} {wanted.name}'"
            )
        elif not found and (problem := _carry_out(zone, change, records)):
            found.append(problem)
        problems += found
    if not problems:
        counts = Counter(name for name, _ in records)
        problems = [problem for key in seen if (problem := _conflict(zone, records, key, counts[key[0]]))]
    if not problems and len(records) > RECORD_SETS_MAX:
        problems = [f"The zone {zone.name} would have more than {RECORD_SETS_MAX} resource record sets"]
    if problems:
        raise InvalidBatchError(tuple(dict.fromkeys(problems)))
    return records


def _form_problems(zone: HostedZone, wanted: RecordSet, records: Records, alias_problem: AliasProblem) -> list[str]:
    if not is_within(wanted.name, zone.name):
        return [f"RRSet with DNS name {wanted.name} is not permitted in zone {zone.name}"]
    if wanted.alias is not None:
        problem = alias_problem(wanted, wanted.alias, records)
        return [problem] if problem else []
    problems = []
    for value in wanted.values:
        try:
            read_value(wanted.type, value)
        except DnsValueError as error:
            problems.append(f"Invalid Resource Record: '{error.words}'")
    twice = [value for value, count in Counter(wanted.values).items() if count > 1]
    problems += [f"Duplicate Resource Record: '{value}'" for value in twice]
    if wanted.type in {"CNAME", "SOA"} and len(wanted.values) > 1:
        problems.append(
            f"RRSet of type {wanted.type} with DNS name {wanted.name} is not permitted to have more than one value"
        )
    return problems


def _carry_out(zone: HostedZone, change: Change, records: dict[tuple[str, str], RecordSet]) -> str | None:
    wanted = change.records
    present = records.get(wanted.key)
    named = f"[name='{wanted.name}', type='{wanted.type}']"
    if change.action == "DELETE":
        if present is None:
            return f"Tried to delete resource record set {named} but it was not found"
        if not _is_same(present, wanted):
            return (
                f"Tried to delete resource record set {named} but the values provided do not match the current values"
            )
        if wanted.name == zone.name and wanted.type in {"NS", "SOA"}:
            return {
                "SOA": "A HostedZone must contain exactly one SOA record.",
                "NS": "A HostedZone must contain at least one NS record for the zone itself.",
            }[wanted.type]
        del records[wanted.key]
        return None
    if change.action == "CREATE" and present is not None:
        return f"Tried to create resource record set {named} but it already exists"
    if wanted.type == "SOA" and wanted.name != zone.name:
        return f"RRSet of type SOA with DNS name {wanted.name} is not permitted in zone {zone.name}"
    records[wanted.key] = wanted
    return None


def _conflict(zone: HostedZone, records: Records, key: tuple[str, str], count: int) -> str | None:
    """What is wrong with a record set beside the others of its name, which are `count` with it."""
    name, type_ = key
    if key not in records:
        return None
    if type_ == "CNAME":
        if name == zone.name:
            return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone.name}"
        if count > 1:
            return (
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with "
                f"the same DNS name in zone {zone.name}"
            )
        return None
    if (name, "CNAME") in records:
        return (
            f"RRSet of type {type_} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME "
            f"with the same DNS name already exists in zone {zone.name}"
        )
    return None


def _is_same(present: RecordSet, given: RecordSet) -> bool:
    """Whether a set is described as it is: its values in any order, names and addresses in any spelling."""
    if present.alias is not None or given.alias is not None:
        return present.alias == given.alias
    if present.ttl_s != given.ttl_s or len(present.values) != len(given.values):
        return False
    try:
        return set(present.data) == set(given.data)
    except DnsValueError:
        return False
