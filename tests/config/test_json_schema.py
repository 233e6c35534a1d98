"""The JSON Schema says the same as the compiler, as far as a schema can."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from simlb import config
from simlb.config.yaml_source import YamlSource

SCHEMA = config.json_schema()

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def conforms(value: Any, schema: dict[str, Any]) -> bool:
    """A small validator for the keywords that the schema uses."""
    if "$ref" in schema:
        return conforms(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema and not any(conforms(value, member) for member in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(conforms(value, member) for member in schema["oneOf"]) != 1:
        return False
    if "enum" in schema and not any(value == item and type(value) is type(item) for item in schema["enum"]):
        return False
    if "type" in schema:
        is_bool = isinstance(value, bool)
        if is_bool != (schema["type"] == "boolean") or not isinstance(value, _TYPES[schema["type"]]):
            return False
    if isinstance(value, dict):
        return _object_conforms(value, schema)
    if isinstance(value, list):
        item = schema.get("items", {})
        return len(value) >= schema.get("minItems", 0) and all(conforms(entry, item) for entry in value)
    if isinstance(value, str):
        low, high = schema.get("minLength", 0), schema.get("maxLength", len(value))
        return low <= len(value) <= high and re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        above = value > schema["exclusiveMinimum"] if "exclusiveMinimum" in schema else True
        return above and schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return True


def _object_conforms(value: dict[str, Any], schema: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    if any(key not in value for key in schema.get("required", ())):
        return False
    further = schema.get("additionalProperties", True)
    for key, item in value.items():
        if key in properties:
            if not conforms(item, properties[key]):
                return False
        elif further is False or (isinstance(further, dict) and not conforms(item, further)):
            return False
    return True


HEAD = "simlb: config/1\nload_balancers: [{name: a, listeners: [%s]}]\n"
RULE = HEAD % "{protocol: HTTP, port: 80, forward: web, rules: [{priority: 1, %s}]}"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (config.template(), True),
        (HEAD % "{protocol: HTTP, port: 80, forward: web}", True),
        (HEAD % "{protocol: HTTP, port: 80, bind: 8080, fixed_response: {status_code: '404'}}", True),
        (
            HEAD % "{protocol: HTTP, port: 80, default_actions: [{type: redirect, port: 1, status_code: HTTP_301}]}",
            True,
        ),
        (HEAD % "{protocol: HTTPS, port: 443, forward: w, certificates: [a.test, {names: [b.test]}]}", True),
        (HEAD % "" + "target_groups: [{name: w, attributes: {stickiness.enabled: true}}]", True),
        (HEAD % "" + "target_groups: [{name: w, attributes: {load_balancing.cross_zone.enabled: true}}]", True),
        (HEAD % "" + "target_groups: [{name: w, attributes: {slow_start.duration_seconds: 0}}]", True),
        (HEAD % "" + "target_groups: [{name: w, attributes: {slow_start.duration_seconds: 10}}]", False),
        (HEAD % "" + "target_groups: [{name: w, attributes: {stickiness.app_cookie.cookie_name: sid}}]", True),
        (HEAD % "" + "target_groups: [{name: w, health_check: {interval: 30s, port: traffic-port}}]", True),
        (HEAD % "" + "target_groups: [{name: w, targets: [{target: a, port: 1}, {sample: echo}]}]", True),
        (HEAD % "" + "target_groups: [{name: w, targets: [{target: a, sample: echo}]}]", False),
        (HEAD % "{protocol: HTTP, port: 80, forward: {web: 1, b: 999}, rules: []}", True),
        (HEAD % "{protocol: HTTP, port: 80, redirect: {host: a.test, status_code: HTTP_301}}", True),
        (
            HEAD
            % "{protocol: HTTP, port: 80, default_actions: [{type: forward, order: 1, target_groups: [{target_group: w,"
            " weight: 1}], target_group_stickiness_config: {enabled: true, duration_seconds: 1}}]}",
            True,
        ),
        (RULE % "path: /a, header: {X: '1', Y: [a, b]}, query: {a: b}, forward: web", True),
        (RULE % "host: [a.test], method: GET, source_ip: 10.0.0.0/8, redirect: https", True),
        (
            RULE
            % "conditions: [{field: path-pattern, regex_values: [a]}, {field: query-string, values: [{value: a}]}],"
            " transforms: [{type: url-rewrite, rewrites: [{regex: a, replace: b}]}], forward: web",
            True,
        ),
        ("load_balancers: [{name: a}]", False),
        (HEAD % "{protocol: HTTP, port: 80, forward: {web: 1000}}", False),
        (HEAD % "{protocol: HTTP, port: 80, redirect: http}", False),
        (HEAD % "{protocol: HTTP, port: 80, default_actions: [{type: forward}]}", False),
        (RULE % "path: /a", False),
        (RULE % "forward: web", False),
        (RULE % "path: /a, forward: web, redirect: https", False),
        (RULE % "header: {X: 1}, forward: web", False),
        (RULE % "conditions: [{field: path, values: [a]}], forward: web", False),
        (RULE % "conditions: [{field: source-ip, regex_values: [a]}], forward: web", False),
        (RULE.replace("priority: 1", "priority: 50001") % "path: /a, forward: web", False),
        (HEAD % "" + "speed: 0", False),
        (HEAD % "" + "speed: fast", False),
        (HEAD % "{protocol: TCP, port: 80, forward: web}", False),
        (HEAD % "{protocol: HTTP, port: 80}", False),
        (HEAD % "{protocol: HTTP, port: 80, forward: web, redirect: https}", False),
        (HEAD % "{protocol: HTTP, port: 80, default_actions: [{type: redirect}]}", False),
        (HEAD % "" + "target_groups: [{name: w, attributes: {load_balancing.cross_zone.enabled: false}}]", False),
        (HEAD % "" + "target_groups: [{name: w, heathcheck: {}}]", False),
        (HEAD % "" + "target_groups: [{name: w, targets: [{}]}]", False),
        (HEAD % "" + "target_groups: [{name: w, targets: [{sample: ecko}]}]", False),
        (HEAD % "" + "target_groups: null", False),
    ],
)
def test_schema_and_documents(text: str, good: bool) -> None:
    assert conforms(YamlSource(text, "f.yaml").values, SCHEMA) is good


def test_editors_learn_defaults_ranges_and_descriptions() -> None:
    entries = SCHEMA["$defs"]
    assert entries["ListenerEntry"]["properties"]["port"]["maximum"] == 65535
    assert entries["LoadBalancerEntry"]["properties"]["scheme"]["default"] == "internet-facing"
    assert "Default:" in entries["ListenerEntry"]["properties"]["bind"]["description"]
    idle = entries["LoadBalancerEntry"]["properties"]["attributes"]["properties"]["idle_timeout.timeout_seconds"]
    assert idle["default"] == 60


def test_null_is_nothing_to_write() -> None:
    assert "null" not in json.dumps(SCHEMA)
