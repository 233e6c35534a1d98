"""Log lines as named fields: AWS's own names for all three logs (reference 7.1-7.3), short names, and a few parts.

Lines are split once and values made when asked for: a filter looks at one or two of thirty-four fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simlb.core.log_kinds import LogKind

Value = str | int | float | None
"""None is what the log writes as `-`: nothing."""


class Entry(NamedTuple):
    """One line, split. `number` counts a running instance's lines from 0; None where nobody counts."""

    words: list[str]
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `kind` is what its values are; `is_status` allows classes such as `5xx` for it."""

    name: str
    kind: type
    get: Callable[[Entry], Value]
    is_status: bool = False


_WORD = re.compile(r'"([^"]*)"|([^ "]+)')


def split(line: str) -> list[str]:
    """The fields of a line as text, without their quotes."""
    return [quoted or plain for quoted, plain in _WORD.findall(line)]


_ACCESS = """type time elb client:port target:port request_processing_time:s target_processing_time:s
response_processing_time:s elb_status_code:n target_status_code:n received_bytes:n sent_bytes:n request user_agent
ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority:n
request_creation_time actions_executed redirect_url error_reason target:port_list target_status_code_list classification
classification_reason conn_trace_id transformed_host transformed_uri request_transform_status ip_address"""
_CONNECTION = """timestamp client_ip client_port:n listener_port:n tls_protocol tls_cipher tls_handshake_latency:s
leaf_client_cert_subject leaf_client_cert_validity leaf_client_cert_serial_number tls_verify_status conn_trace_id
tls_keyexchange elb ip_address"""
_HEALTH_CHECK = """type time latency:s target_addr target_group_id status status_code:n reason_code elb ip_address"""
_KINDS = {":n": int, ":s": float}
_STATUSES = frozenset({"elb_status_code", "target_status_code", "status_code"})

# What a line of each log begins with: AWS's other files (a test file, say) hold none of these.
_BEGINNINGS = {
    LogKind.ACCESS: re.compile(r"(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT\S+ app/\S+ \S+ "),
    LogKind.CONNECTION: re.compile(r"\d{4}-\d\d-\d\dT\S+ \S+ \d+ "),
    LogKind.HEALTH_CHECK: re.compile(r"(?:https?|h2|grpc|lambda) \d{4}-\d\d-\d\dT\S+ [\d.]+ \S+ "),
}


def is_line(line: str, kind: LogKind) -> bool:
    """Whether a line can be one of that log."""
    return _BEGINNINGS[kind].match(line) is not None


def _at(place: int, kind: type) -> Callable[[Entry], Value]:
    def get(entry: Entry) -> Value:
        # Older lines are shorter: what they do not have is nothing.
        text = entry.words[place] if place < len(entry.words) else "-"
        if text == "-":
            return None
        if kind is str:
            return text
        try:
            return int(text) if kind is int else float(text)
        except ValueError:
            return text  # shown as it stands rather than hidden

    return get


def _columns(text: str) -> dict[str, Field]:
    found = {}
    for place, word in enumerate(text.split()):
        kind = _KINDS.get(word[-2:], str)
        name = word if kind is str else word[:-2]
        found[name] = Field(name=name, kind=kind, get=_at(place, kind), is_status=name in _STATUSES)
    return found


COLUMNS: Mapping[LogKind, Mapping[str, Field]] = {
    LogKind.ACCESS: _columns(_ACCESS),
    LogKind.CONNECTION: _columns(_CONNECTION),
    LogKind.HEALTH_CHECK: _columns(_HEALTH_CHECK),
}
"""AWS's fields in AWS's order."""

# -- short names and parts ---------------------------------------------------------------------------------------------

_URL = re.compile(r"([a-z]+)://(\[[^\]]*\]|[^:/?]*)(?::([0-9]*))?([^?]*)(?:\?(.*))?", re.DOTALL)
_REQUEST = 12
_NOTHING = ("-", "-", "-")


def request_words(request: str) -> tuple[str, str, str]:
    """Method, URL and version of field 13; each `-` when nothing came that could be read as a request."""
    method, _, rest = request.partition(" ")
    url, _, version = rest.rpartition(" ")
    return _NOTHING if method == "-" or not url else (method, url, version)


def _request(part: int) -> Callable[[Entry], Value]:
    def get(entry: Entry) -> Value:
        text = request_words(entry.words[_REQUEST] if len(entry.words) > _REQUEST else "-")[part]
        return None if text == "-" else text

    return get


def _url(part: int) -> Callable[[Entry], Value]:
    whole = _request(1)

    def get(entry: Entry) -> Value:
        url = whole(entry)
        match = _URL.fullmatch(url) if isinstance(url, str) else None
        text = None if match is None else match[part]
        if part == 3:
            return int(text) if text else None
        return text

    return get


def _address(field: Field, *, of_port: bool) -> Callable[[Entry], Value]:
    def get(entry: Entry) -> Value:
        text = field.get(entry)
        if not isinstance(text, str):
            return None
        host, _, port = text.rpartition(":")
        if of_port:
            return int(port) if port.isdigit() else None
        return host or None

    return get


def _second_part(field: Field) -> Callable[[Entry], Value]:
    """The name in `app/NAME/id` and `...:targetgroup/NAME/id`."""

    def get(entry: Entry) -> Value:
        text = field.get(entry)
        parts = text.split("/") if isinstance(text, str) else []
        return parts[1] if len(parts) > 1 else text

    return get


def _root(entry: Entry) -> Value:
    """The id behind `Root=`."""
    text = COLUMNS[LogKind.ACCESS]["trace_id"].get(entry)
    if not isinstance(text, str):
        return None
    return next((part[5:] for part in text.split(";") if part.startswith("Root=")), text)


def _seconds(entry: Entry) -> Value:
    """The three times together, without those that there are not (-1); nothing when there is none."""
    times = [float(text) for text in entry.words[5:8] if not text.startswith("-")]
    return round(sum(times), 6) if times else None


def _clock(entry: Entry) -> Value:
    """The time of day, in UTC, of a line's own time."""
    place = 0 if entry.words and entry.words[0][:1].isdigit() else 1
    return entry.words[place][11:23] if len(entry.words) > place else None


def _number(entry: Entry) -> Value:
    return entry.number


def _short_names(kind: LogKind) -> dict[str, Field]:
    columns = COLUMNS[kind]

    def same(**names: str) -> dict[str, Field]:
        return {short: columns[name] for short, name in names.items()}

    def made(name: str, get: Callable[[Entry], Value], value: type = str) -> Field:
        return Field(name=name, kind=value, get=get)

    clock = made("clock", _clock)
    if kind is LogKind.CONNECTION:
        return {
            "clock": clock,
            **same(
                time="timestamp",
                client="client_ip",
                port="listener_port",
                tls="tls_protocol",
                cipher="tls_cipher",
                seconds="tls_handshake_latency",
                subject="leaf_client_cert_subject",
                serial="leaf_client_cert_serial_number",
                verify="tls_verify_status",
                key_exchange="tls_keyexchange",
                connection="conn_trace_id",
                node="ip_address",
            ),
        }
    if kind is LogKind.HEALTH_CHECK:
        return {
            **same(
                seconds="latency",
                target="target_addr",
                group="target_group_id",
                result="status",
                code="status_code",
                reason="reason_code",
                node="ip_address",
            ),
            "clock": clock,
            "target_ip": made("target_ip", _address(columns["target_addr"], of_port=False)),
            "target_port": made("target_port", _address(columns["target_addr"], of_port=True), int),
        }
    client, target = columns["client:port"], columns["target:port"]
    return {
        **same(
            client="client:port",
            target="target:port",
            request_time="request_processing_time",
            target_time="target_processing_time",
            response_time="response_processing_time",
            status="elb_status_code",
            target_status="target_status_code",
            received="received_bytes",
            sent="sent_bytes",
            agent="user_agent",
            cipher="ssl_cipher",
            tls="ssl_protocol",
            domain="domain_name",
            certificate="chosen_cert_arn",
            rule="matched_rule_priority",
            created="request_creation_time",
            action="actions_executed",
            redirect="redirect_url",
            reason="error_reason",
            connection="conn_trace_id",
            node="ip_address",
        ),
        "number": made("number", _number, int),
        "clock": clock,
        "client_ip": made("client_ip", _address(client, of_port=False)),
        "client_port": made("client_port", _address(client, of_port=True), int),
        "target_ip": made("target_ip", _address(target, of_port=False)),
        "target_port": made("target_port", _address(target, of_port=True), int),
        "seconds": made("seconds", _seconds, float),
        "method": made("method", _request(0)),
        "url": made("url", _request(1)),
        "version": made("version", _request(2)),
        "scheme": made("scheme", _url(1)),
        "host": made("host", _url(2)),
        "port": made("port", _url(3), int),
        "path": made("path", _url(4)),
        "query": made("query", _url(5)),
        "load_balancer": made("load_balancer", _second_part(columns["elb"])),
        "group": made("group", _second_part(columns["target_group_arn"])),
        "trace": made("trace", _root),
    }


SHORT_NAMES: Mapping[LogKind, Mapping[str, Field]] = {kind: _short_names(kind) for kind in LogKind}
"""simlb's own: short names for AWS's fields, and parts of them that have no name of their own there."""


USUAL_COLUMNS: Mapping[LogKind, tuple[str, ...]] = {
    LogKind.ACCESS: ("clock", "status", "target_status", "target", "seconds", "method", "path"),
    LogKind.CONNECTION: ("clock", "client", "client_port", "port", "tls", "cipher", "seconds", "verify"),
    LogKind.HEALTH_CHECK: ("clock", "target", "group", "result", "code", "seconds", "reason"),
}
"""What a table shows unless it is told what to show."""


def known_fields(kind: LogKind) -> dict[str, Field]:
    """Every field of that log by every name it has."""
    return {**COLUMNS[kind], **SHORT_NAMES[kind]}


def time_of(entry: Entry, kind: LogKind) -> str:
    """The line's own time, ISO 8601 in UTC: such texts sort as times do."""
    place = 0 if kind is LogKind.CONNECTION else 1
    return entry.words[place] if place < len(entry.words) else ""


def as_json(entry: Entry, kind: LogKind) -> dict[str, Value]:
    """The fields in AWS's order and names, None for `-`; those beyond the known ones are called `field_35` and on.

    -1 (a time that does not exist, an error in a rule's evaluation) stays a number.
    """
    columns = COLUMNS[kind]
    found = {name: field.get(entry) for name, field in [*columns.items()][: len(entry.words)]}
    for place in range(len(columns), len(entry.words)):
        found[f"field_{place + 1}"] = _at(place, str)(entry)
    return found
