"""Conditions and transforms as calls give them, in old and new forms (reference 1.3); `rules` shows them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simlb.controlplane.operations.action_parameters import raise_first
from simlb.controlplane.query.errors import invalid
from simlb.core.model import Condition, Rewrite
from simlb.core.validation import (
    GivenCondition,
    GivenTransform,
    build_condition,
    rule_condition_errors,
    transform_errors,
)

Values = Mapping[str, Any]

CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
OLD_FORM = ("host-header", "path-pattern")
"""Fields that take `Values` and `RegexValues` without a config."""
OLD_VALUES_MAX = 1

TRANSFORM_CONFIGS = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}


def read_conditions(given: Sequence[Values]) -> tuple[Condition, ...]:
    """The `Conditions` of a call. Raises QueryError ValidationError."""
    conditions = [_given(each) for each in given]
    raise_first(rule_condition_errors(conditions))
    return tuple(map(build_condition, conditions))


def read_transforms(given: Sequence[Values]) -> dict[str, Rewrite]:
    """The `Transforms` of a call: what each type rewrites. Raises QueryError ValidationError."""
    transforms = [GivenTransform(type=each["Type"], rewrites=_rewrites(each)) for each in given]
    raise_first(transform_errors(transforms))
    return {transform.type: transform.rewrites[0] for transform in transforms}


def _given(condition: Values) -> GivenCondition:
    field = condition.get("Field") or ""
    config = _config(condition, field)
    values, regex_values = condition.get("Values"), condition.get("RegexValues")
    if config is None:
        if field not in OLD_FORM:
            # Of what field there is, and whether it is one at all, the core says.
            return GivenCondition(field=field, values=values, regex_values=regex_values)
        if values is not None and len(values) > OLD_VALUES_MAX:
            raise invalid(f"The '{field}' field contains too many values; the limit is '{OLD_VALUES_MAX}'")
        return GivenCondition(field=field, values=values, regex_values=regex_values)
    if config.get("IpAddressType"):
        raise invalid("The 'IpAddressType' of a 'source-ip' condition is not supported by simlb yet")
    if field == "query-string":
        pairs = [(pair.get("Key"), pair.get("Value")) for pair in config.get("Values") or ()]
        return GivenCondition(field=field, pairs=pairs)
    return GivenCondition(
        field=field,
        values=config.get("Values"),
        regex_values=config.get("RegexValues"),
        http_header_name=config.get("HttpHeaderName"),
    )


def _config(condition: Values, field: str) -> Values | None:
    """The config that belongs to the field; None where the old form, or nothing that is known, is given."""
    if field not in CONFIGS:
        return None
    for other, member in CONFIGS.items():
        if condition.get(member) is not None and other != field:
            raise invalid(f"The '{member}' field is not compatible with '{field}'")
    name = CONFIGS[field]
    config: Values | None = condition.get(name)
    for old in ("Values", "RegexValues"):
        if condition.get(old) and field not in OLD_FORM:
            raise invalid(f"The '{old}' field is not compatible with '{field}'")
        if condition.get(old) and config is not None:
            told = "Values" if old == "Values" else f"'{old}'"
            raise invalid(f"You cannot provide both {told} and '{name}' for a condition of type '{field}'")
    if config is None and field not in OLD_FORM:
        raise invalid(f"A '{name}' must be specified with '{field}'")
    return config


def _rewrites(transform: Values) -> list[Rewrite]:
    kind = transform["Type"]
    for other, member in TRANSFORM_CONFIGS.items():
        if transform.get(member) is not None and other != kind:
            raise invalid(f"The '{member}' field is not compatible with a transform of type '{kind}'")
    config = transform.get(TRANSFORM_CONFIGS.get(kind, "")) or {}
    return [Rewrite(regex=each["Regex"], replace=each["Replace"]) for each in config.get("Rewrites") or ()]
