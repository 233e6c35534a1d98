"""Conditions of a rule: which values each field takes, and how many of them (reference 1.3).

`query-string` has pairs, the other fields values; host-header, path-pattern and http-header may have regular
expressions in their stead. Nothing here knows whether a condition was written in a file or came through the API.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simlb.core import model
from simlb.core.quotas import CONDITION_VALUES_PER_RULE, CONDITION_WILDCARDS_PER_RULE
from simlb.core.regexes import RegexSyntaxError, compile_pattern
from simlb.core.validation.errors import ElbError, invalid, quota_errors

FIELDS = ("path-pattern", "host-header", "http-header", "http-request-method", "query-string", "source-ip")
VALUES_FIELDS = ("path-pattern", "host-header", "http-header", "http-request-method", "source-ip")
REGEX_FIELDS = ("host-header", "path-pattern", "http-header")
ONCE_PER_RULE = ("host-header", "path-pattern", "http-request-method", "source-ip")

VALUES_PER_CONDITION_MAX = 3
SOURCE_IPS_PER_CONDITION_MAX = 5
"""AWS's reference of `SourceIpConfig` names five as the total; the three of the others would make that unreachable."""
LENGTH_MAX = 128
NAME_LENGTH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCondition:
    """A condition as somebody gave it. None is a member that was not given."""

    field: str
    values: Sequence[str] | None = None
    regex_values: Sequence[str] | None = None
    http_header_name: str | None = None
    pairs: Sequence[tuple[str | None, str | None]] | None = None
    """Keys and values of `query-string`."""

    @property
    def count(self) -> int:
        """The number of its values, which AWS also calls match evaluations."""
        return sum(len(given) for given in (self.values, self.regex_values, self.pairs) if given is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """Which texts a field takes; `characters` are `allowed` in words."""

    allowed: re.Pattern[str]
    characters: str
    length_max: int = LENGTH_MAX


_PRINTABLE = _Text(allowed=re.compile(r"[ -~]*"), characters="visible ASCII characters and spaces")
_TEXTS = {
    "host-header": _Text(allowed=re.compile(r"[A-Za-z0-9.*?-]*"), characters="A-Z, a-z, 0-9 and - . * ?"),
    "path-pattern": _Text(
        allowed=re.compile(r"""[A-Za-z0-9_.$/~"'@:+&*?-]*"""),
        characters="A-Z, a-z, 0-9 and _ - . $ / ~ \" ' @ : + & * ?",
    ),
    "http-header": _PRINTABLE,
    "http-request-method": _Text(
        allowed=re.compile(r"[A-Z_-]*"), characters="A-Z, hyphen and underscore", length_max=NAME_LENGTH_MAX
    ),
    "Key": _PRINTABLE,
    "Value": _PRINTABLE,
}
# RFC 9110 tokens, less the asterisk: in a name it would be no wildcard, whatever who wrote it expected.
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]*")
_CIDR = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
_NOBODY = ipaddress.ip_network("255.255.255.255/32")
_ESCAPED_WILDCARD = re.compile(r"\\[*?]")


def rule_condition_errors(conditions: Sequence[GivenCondition]) -> Iterator[ElbError]:
    """Everything about the conditions of one rule. Paths begin with the index of a condition, or are empty."""
    if not conditions:
        yield invalid("A condition must be specified")
    seen: Counter[str] = Counter()
    for index, given in enumerate(conditions):
        seen[given.field] += 1
        if seen[given.field] == 2 and given.field in ONCE_PER_RULE:
            yield invalid(f"A rule can only have one '{given.field}' condition", index)
        for error in condition_errors(given):
            yield error.within(index)
    yield from quota_errors(CONDITION_VALUES_PER_RULE, sum(given.count for given in conditions))
    yield from quota_errors(CONDITION_WILDCARDS_PER_RULE, sum(map(_wildcards, conditions)))


def condition_errors(given: GivenCondition) -> Iterator[ElbError]:
    """Everything about one condition. Paths are `("values", index)`, `("regex_values", index)` and so on."""
    if given.field not in FIELDS:
        yield invalid(f"Condition field '{given.field}' must be one of '[{', '.join(FIELDS)}]'", "field")
        return
    if given.field == "http-header":
        yield from _header_name_errors(given.http_header_name)
    misplaced = list(_misplaced_errors(given))
    if misplaced:
        yield from misplaced
        return
    if given.values is not None and given.regex_values is not None:
        what = f"You cannot provide both Values and 'RegexValues' for a condition of type '{given.field}'"
        yield invalid(what, "regex_values")
    yield from _count_errors(given)
    for index, value in enumerate(given.values or ()):
        errors = _cidr_errors(value) if given.field == "source-ip" else _value_errors(given.field, value)
        for error in errors:
            yield error.within("values", index)
    for index, value in enumerate(given.regex_values or ()):
        for error in _regex_errors(given.field, value):
            yield error.within("regex_values", index)
    for index, pair in enumerate(given.pairs or ()):
        for error in _pair_errors(*pair):
            yield error.within("values", index)


def build_condition(given: GivenCondition) -> model.Condition:
    """The condition itself, of one in which `condition_errors` finds nothing."""
    values, regex_values = tuple(given.values or ()), tuple(given.regex_values or ())
    match given.field:
        case "host-header":
            return model.HostHeaderCondition(values=values, regex_values=regex_values)
        case "path-pattern":
            return model.PathPatternCondition(values=values, regex_values=regex_values)
        case "http-header":
            assert given.http_header_name is not None
            return model.HttpHeaderCondition(
                http_header_name=given.http_header_name, values=values, regex_values=regex_values
            )
        case "http-request-method":
            return model.HttpRequestMethodCondition(values=values)
        case "query-string":
            pairs = (model.QueryStringPair(key=key, value=value or "") for key, value in given.pairs or ())
            return model.QueryStringCondition(values=tuple(pairs))
    assert given.field == "source-ip"
    return model.SourceIpCondition(values=tuple(ipaddress.ip_network(value) for value in values))


def _misplaced_errors(given: GivenCondition) -> Iterator[ElbError]:
    for member, name, value, fields in (
        ("values", "Values", given.values, VALUES_FIELDS),
        ("regex_values", "RegexValues", given.regex_values, REGEX_FIELDS),
        ("values", "QueryStringConfig", given.pairs, ("query-string",)),
        ("http_header_name", "HttpHeaderConfig", given.http_header_name, ("http-header",)),
    ):
        if value is not None and given.field not in fields:
            yield invalid(f"The '{name}' field is not compatible with '{given.field}'", member)


def _count_errors(given: GivenCondition) -> Iterator[ElbError]:
    limit = SOURCE_IPS_PER_CONDITION_MAX if given.field == "source-ip" else VALUES_PER_CONDITION_MAX
    if given.count == 0:
        source_ip = given.field == "source-ip"
        yield invalid("A 'source-ip' value must be specified" if source_ip else "A condition value must be specified")
    if given.count > limit:
        yield invalid(f"The '{given.field}' field contains too many values; the limit is '{limit}'")


def _text_errors(name: str, value: str) -> Iterator[ElbError]:
    text = _TEXTS[name]
    if len(value) > text.length_max:
        yield invalid(f"The '{name}' value is too long; the limit is '{text.length_max}'")
    if text.allowed.fullmatch(value) is None:
        yield invalid(f"The '{name}' value is invalid; the allowed characters are {text.characters}")


def _value_errors(field: str, value: str) -> Iterator[ElbError]:
    if not value:
        yield invalid("A condition value must be specified")
        return
    errors = list(_text_errors(field, value))
    yield from errors
    if field == "host-header" and not errors:
        _, dot, top = value.rpartition(".")
        if not dot:
            yield invalid(f"The 'host-header' value '{value}' is invalid; it must contain at least one '.'")
        elif not top.isalpha():
            yield invalid(f"The 'host-header' value '{value}' is invalid; only letters are allowed after the last '.'")


def _header_name_errors(name: str | None) -> Iterator[ElbError]:
    if not name:
        yield invalid("A 'HttpHeaderName' must be specified in 'HttpHeaderConfig'", "http_header_name")
        return
    if len(name) > NAME_LENGTH_MAX:
        what = f"The 'HttpHeaderName' value is too long; the limit is '{NAME_LENGTH_MAX}'"
        yield invalid(what, "http_header_name")
    if _HEADER_NAME.fullmatch(name) is None:
        what = "the allowed characters are A-Z, a-z, 0-9 and ! # $ % & ' + - . ^ _ ` | ~"
        yield invalid(f"The 'HttpHeaderName' value is invalid; {what}", "http_header_name")
    if name.lower() == "host":
        what = "use a 'host-header' condition for the host header"
        yield invalid(f"The 'HttpHeaderName' value '{name}' is invalid; {what}", "http_header_name")


def _pair_errors(key: str | None, value: str | None) -> Iterator[ElbError]:
    if key == "":
        yield invalid("The 'Key' value cannot be empty; omit it for any key", "key")
    for error in _text_errors("Key", key or ""):
        yield error.within("key")
    if not value:
        yield invalid("A 'Value' must be specified in 'QueryStringKeyValuePair'", "value")
    for error in _text_errors("Value", value or ""):
        yield error.within("value")


def _cidr_errors(value: str) -> Iterator[ElbError]:
    network: model.IPNetwork | None = None
    with contextlib.suppress(ValueError):
        network = ipaddress.ip_network(value, strict=False)
    if network is None or _CIDR.fullmatch(value) is None:
        meant = "192.0.2.0/24" if network is None else str(network)
        yield invalid(f"The 'source-ip' value '{value}' must be in CIDR format, such as '{meant}'")
    elif network == _NOBODY:
        yield invalid(f"The 'source-ip' value '{value}' is not allowed")
    elif network.network_address != ipaddress.ip_address(value.partition("/")[0]):
        yield invalid(f"The 'source-ip' value '{value}' is invalid; the network is '{network}'")


def _regex_errors(field: str, value: str) -> Iterator[ElbError]:
    if not value:
        yield invalid("A condition value must be specified")
        return
    if len(value) > LENGTH_MAX:
        yield invalid(f"The '{field}' value is too long; the limit is '{LENGTH_MAX}'")
        return
    try:
        compile_pattern(value, ignore_case=False)
    except RegexSyntaxError as error:
        yield invalid(f"The '{field}' value '{value}' is not a valid regular expression: {error}")


def _wildcards(given: GivenCondition) -> int:
    if given.field in {"host-header", "path-pattern", "http-header"}:
        return _count_wildcards(given.values or ())
    return _count_wildcards(_ESCAPED_WILDCARD.sub("", text or "") for pair in given.pairs or () for text in pair)


def _count_wildcards(texts: Iterable[str]) -> int:
    return sum(text.count("*") + text.count("?") for text in texts)
