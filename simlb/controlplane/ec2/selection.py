"""Which items a Describe operation shows: ids, filters with wildcards, pages (EC2's `Filter.N`, `MaxResults`)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from simlb.controlplane.ec2.call import Ec2Call, Result, missing
from simlb.controlplane.query.errors import QueryError
from simlb.core.wildcards import Wildcard

Facts = Mapping[str, Sequence[str]]

_PAGE = (5, 1000)
_FILTER_VALUES_MAX = 200
_ALIASES = {
    "availabilityZone": "availability-zone",
    "availabilityZoneId": "availability-zone-id",
    "cidrBlock": "cidr-block",
    "defaultForAz": "default-for-az",
    "isDefault": "is-default",
    "vpcId": "vpc-id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing: its id, what it is to filters, its tags, and how it is shown."""

    id: str
    facts: Facts
    shown: Result
    tags: Mapping[str, str] = field(default_factory=dict)


def described(
    call: Ec2Call,
    member: str,
    items: Iterable[Item],
    *,
    filters: Iterable[str],
    ids: str = "",
    not_found: Callable[[str], QueryError] | None = None,
) -> Result:
    """What the call asks for, as `{member: [...], "nextToken": "..."}`.

    `filters` are the names of those that the operation has, beside those of tags; `ids` is the parameter with the ids.
    Raises QueryError for ids that are not there, a filter that is none, a page that cannot be.
    """
    known = {item.id: item for item in items}
    wanted = call.texts(ids) if ids else ()
    if wanted and call.parameters.get("MaxResults") is not None:
        raise QueryError(
            "InvalidParameterCombination", f"The parameter {ids} cannot be used with the parameter MaxResults"
        )
    for one in wanted:
        if one not in known:
            assert not_found is not None
            raise not_found(one)
    tests = _tests(call, frozenset(filters))
    found = [
        item.shown for item in known.values() if (not wanted or item.id in wanted) and all(test(item) for test in tests)
    ]
    page, token = _page(call, [*found, *call.theirs])
    call.check_dry_run()
    return {member: page, "nextToken": token}


def tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as EC2 shows them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def _tests(call: Ec2Call, known: frozenset[str]) -> list[Callable[[Item], bool]]:
    tests = []
    for given in call.parameters.get("Filter") or ():
        written = given.get("Name")
        if not written:
            raise missing("Filter.Name")
        name = _ALIASES.get(written, written)
        values = given.get("Value") or ()
        if not values:
            raise missing(f"Filter.Value of {written}")
        if len(values) > _FILTER_VALUES_MAX:
            raise QueryError("FilterLimitExceeded", f"A filter has at most {_FILTER_VALUES_MAX} values.")
        if name not in known and not name.startswith("tag:") and name != "tag-key":
            raise QueryError("InvalidParameterValue", f"The filter '{written}' is invalid")
        tests.append(_test(name, values))
    return tests


def _test(name: str, values: Iterable[str]) -> Callable[[Item], bool]:
    try:
        patterns = [Wildcard(value, escapes=True) for value in values]
    except ValueError:
        raise QueryError("InvalidParameterValue", f"A value of the filter '{name}' is invalid") from None

    def held(item: Item) -> Iterable[str]:
        if name.startswith("tag:"):
            key = name.removeprefix("tag:")
            return (item.tags[key],) if key in item.tags else ()
        return item.tags if name == "tag-key" else item.facts.get(name, ())

    return lambda item: any(pattern.matches(one.encode()) for one in held(item) for pattern in patterns)


def _page(call: Ec2Call, found: list[Result]) -> tuple[list[Result], str | None]:
    size = call.parameters.get("MaxResults")
    low, high = _PAGE
    if size is not None and not low <= size <= high:
        raise QueryError(
            "InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid. Expecting {low} to {high}."
        )
    first = _first(call)
    last = len(found) if size is None else first + size
    token = None
    if last < len(found):
        token = base64.urlsafe_b64encode(json.dumps([call.operation, last]).encode()).decode()
    return found[first:last], token


def _first(call: Ec2Call) -> int:
    token = call.text("NextToken")
    if not token:
        return 0
    try:
        operation, first = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        operation = first = None
    if operation != call.operation or type(first) is not int or first < 0:
        raise QueryError("InvalidNextToken", f"The token '{token}' is not valid.")
    return first
