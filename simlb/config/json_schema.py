"""JSON Schema of `simlb.yaml` for editors: msgspec's, with what the structs cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from simlb.config.documents import SAMPLE_NAMES, ConfigFile
from simlb.core.attributes import (
    HTTPS_LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
)

_ONE_OF = {
    "TargetEntry": ("url", "run", "sample", "target"),
    "ListenerEntry": ("forward", "redirect", "fixed_response", "default_actions"),
    "RuleEntry": ("forward", "redirect", "fixed_response", "actions"),
    "ForwardAction": ("target_group", "target_groups"),
}
_ANY_OF = {"RuleEntry": ("conditions", "host", "path", "method", "source_ip", "header", "query")}


def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12: descriptions, defaults, ranges and choices of every key."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "simlb.yaml"}
    schema |= _without_null(msgspec.json.schema(ConfigFile))
    entries = schema["$defs"]
    entries["LoadBalancerEntry"]["properties"]["attributes"] = _attributes(LOAD_BALANCER_ATTRIBUTES)
    entries["ListenerEntry"]["properties"]["attributes"] = _attributes(HTTPS_LISTENER_ATTRIBUTES)
    entries["TargetGroupEntry"]["properties"]["attributes"] = _attributes(TARGET_GROUP_ATTRIBUTES)
    entries["TargetEntry"]["properties"]["sample"]["enum"] = list(SAMPLE_NAMES)
    for name, keys in _ONE_OF.items():
        entries[name]["oneOf"] = [{"required": [key]} for key in keys]
    for name, keys in _ANY_OF.items():
        entries[name]["anyOf"] = [{"required": [key]} for key in keys]
    return schema


def _attributes(table: Mapping[str, Attribute]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "AWS's attribute keys and values.",
        "additionalProperties": False,
        "properties": {key: _attribute(attribute) for key, attribute in table.items()},
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    if not attribute.supported:
        accepted = (attribute.default, *attribute.same_as_default)
        description = f"Default {attribute.default!r}; other values are not supported yet."
        return {"enum": [spelling for value in accepted for spelling in _spellings(value)], "description": description}
    if attribute.kind == "bool":
        return {"enum": [True, False, "true", "false"], "default": attribute.default == "true"}
    if attribute.kind == "int":
        forms: list[object] = [
            {"type": "integer", "minimum": attribute.low, "maximum": attribute.high},
            {"type": "string", "pattern": "^[0-9]+$"},
        ]
        if attribute.choices:
            forms.append({"enum": [spelling for value in attribute.choices for spelling in _spellings(value)]})
        return {"anyOf": forms, "default": _spellings(attribute.default)[-1]}
    if attribute.kind == "str":
        return {"type": "string", "default": attribute.default}
    return {"enum": list(attribute.choices), "default": attribute.default}


def _spellings(value: str) -> list[object]:
    """A wire string, and how YAML may say the same without quotes."""
    if value in {"true", "false"}:
        return [value, value == "true"]
    return [value, int(value)] if value.isdigit() else [value]


def _without_null(schema: Any) -> Any:
    """`T | None` means "may be left out": null is nothing to write, and no default to show."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _without_null(item) for key, item in schema.items() if not (key == "default" and item is None)}
    if "anyOf" in plain:
        members = [member for member in plain["anyOf"] if member != {"type": "null"}]
        if len(members) == 1:
            del plain["anyOf"]
            return members[0] | plain
        plain["anyOf"] = members
    return plain
