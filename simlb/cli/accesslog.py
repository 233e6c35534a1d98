"""An access-log line of an Application Load Balancer as named fields (reference 7.1)."""

from __future__ import annotations

import re

# Name -> kind: text, integer or seconds. `-` becomes None, but -1 (not dispatched, or no answer) stays a number.
_FIELDS: tuple[tuple[str, type], ...] = (
    ("type", str),
    ("time", str),
    ("elb", str),
    ("client:port", str),
    ("target:port", str),
    ("request_processing_time", float),
    ("target_processing_time", float),
    ("response_processing_time", float),
    ("elb_status_code", int),
    ("target_status_code", int),
    ("received_bytes", int),
    ("sent_bytes", int),
    ("request", str),
    ("user_agent", str),
    ("ssl_cipher", str),
    ("ssl_protocol", str),
    ("target_group_arn", str),
    ("trace_id", str),
    ("domain_name", str),
    ("chosen_cert_arn", str),
    ("matched_rule_priority", int),
    ("request_creation_time", str),
    ("actions_executed", str),
    ("redirect_url", str),
    ("error_reason", str),
    ("target:port_list", str),
    ("target_status_code_list", str),
    ("classification", str),
    ("classification_reason", str),
    ("conn_trace_id", str),
    ("transformed_host", str),
    ("transformed_uri", str),
    ("request_transform_status", str),
    ("ip_address", str),
)

_WORD = re.compile(r'"([^"]*)"|([^ "]+)')

Value = str | int | float | None


def fields(line: str) -> dict[str, Value]:
    """The fields of one line in AWS's order and names; those beyond the known ones are called `field_35` and on."""
    found: dict[str, Value] = {}
    for index, match in enumerate(_WORD.finditer(line)):
        text = match[1] if match[2] is None else match[2]
        name, kind = _FIELDS[index] if index < len(_FIELDS) else (f"field_{index + 1}", str)
        found[name] = None if text == "-" else _convert(text, kind)
    return found


def _convert(text: str, kind: type) -> Value:
    if kind is str:
        return text
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        return text  # shown as it stands rather than hidden
