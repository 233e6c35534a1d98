"""The access-log record of one exchange and its line in the Application Load Balancer's format (reference 7.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from simlb.core.desync import Finding, worst

NOT_DISPATCHED = -1.0
USER_AGENT_MAX_BYTES = 8 * 1024


class RequestFacts(Protocol):
    """What the log shows of a request head; None-able parts are what a client may leave out."""

    method: bytes
    uri: bytes
    version: bytes

    @property
    def named_host(self) -> bytes | None:
        """The host the request was for, without port."""

    @property
    def user_agent(self) -> bytes | None:
        """The User-Agent field."""


class ConnectionFacts:
    """What the log shows of a client connection; shared by all its exchanges."""

    __slots__ = (
        "certificate_arn",
        "client_ip",
        "client_port",
        "dns_name",
        "elb",
        "kind",
        "listener_port",
        "node_ip",
        "scheme",
        "server_name",
        "tls_cipher",
        "tls_protocol",
        "trace_id",
    )

    def __init__(
        self,
        *,
        elb: str,
        dns_name: str,
        scheme: str,
        listener_port: int,
        client_ip: str,
        client_port: int,
        node_ip: str,
    ) -> None:
        self.elb = elb
        self.dns_name = dns_name
        self.scheme = self.kind = scheme
        self.listener_port = listener_port
        self.client_ip = client_ip
        self.client_port = client_port
        self.node_ip = node_ip
        self.tls_cipher = self.tls_protocol = "-"
        self.server_name: str | None = None
        self.certificate_arn: str | None = None
        self.trace_id = "-"
        """`TID_` and 32 hex digits."""


class ExchangeRecord:
    """Everything the log, the counters and later the explanation need of one exchange.

    Defaults stand for what did not happen. Times are seconds: `created_at` and `ended_at` wall-clock, the three
    processing times measured. Class-level defaults spare each exchange from setting two dozen attributes.
    """

    facts: ConnectionFacts
    request: RequestFacts | None = None
    """None when nothing arrived that could be read as a request."""
    kind: str | None = None
    """Set when it is not the connection's: `ws`, `wss`."""
    target_address: str | None = None
    target_group_arn: str | None = None
    request_processing_time = NOT_DISPATCHED
    target_processing_time = NOT_DISPATCHED
    response_processing_time = NOT_DISPATCHED
    elb_status_code = 0
    target_status_code = 0
    received_bytes = 0
    sent_bytes = 0
    trace_id = "-"
    matched_rule_priority: int | None = None
    created_at = 0.0
    ended_at = 0.0
    action = "-"
    redirect_url: str | None = None
    error_reason: str | None = None
    findings: tuple[Finding, ...] = ()


_second = -1
_second_text = ""


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with microseconds, as the log writes it. The second's part is remembered."""
    global _second, _second_text
    whole = int(seconds)
    if whole != _second:
        _second, _second_text = whole, datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{_second_text}.{int((seconds - whole) * 1_000_000):06d}Z"


def _quoted(value: bytes | str) -> str:
    r"""Text inside quotes: printable ASCII as it is; quotes, backslashes and the rest as `\xHH`: a line stays one."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if value.isalnum():
        return value.decode("ascii")
    text = value.decode("latin-1")
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(
        char if " " <= char <= "~" and char not in '"\\' else f"\\x{ord(char):02x}"  # escaped byte by byte
        for char in text
    )


def _seconds(value: float) -> str:
    return "-1" if value < 0 else f"{value:.3f}"


def _request_line(facts: ConnectionFacts, request: RequestFacts | None) -> str:
    if request is None:
        # Nothing that could be read as a request arrived (reference 7.1, unparsable request).
        return f"- {facts.scheme}://{facts.dns_name}:{facts.listener_port}- -"
    if b"://" in request.uri and request.uri[:1] != b"/":
        url = _quoted(request.uri)
    else:
        host = facts.dns_name if request.named_host is None else _quoted(request.named_host)
        url = f"{facts.scheme}://{host}:{facts.listener_port}{_quoted(request.uri)}"
    return f"{_quoted(request.method)} {url} {_quoted(request.version)}"


def format_line(record: ExchangeRecord) -> str:
    """One line of 34 fields, without its line end."""
    r, c, request = record, record.facts, record.request
    agent = None if request is None else request.user_agent
    agent_text = "-" if agent is None else _quoted(agent[:USER_AGENT_MAX_BYTES])
    target = r.target_address or "-"
    target_status = str(r.target_status_code) if r.target_status_code else "-"
    classification = reason = "-"
    if r.findings:
        desync_class, finding = worst(r.findings)
        classification, reason = desync_class.label, str(finding)
    priority = "-" if r.matched_rule_priority is None else r.matched_rule_priority
    server_name = "-" if c.server_name is None else _quoted(c.server_name)
    redirect_url = "-" if r.redirect_url is None else _quoted(r.redirect_url)
    return (
        f"{r.kind or c.kind} {timestamp(r.ended_at)} {c.elb} {c.client_ip}:{c.client_port} {target} "
        f"{_seconds(r.request_processing_time)} {_seconds(r.target_processing_time)} "
        f"{_seconds(r.response_processing_time)} {r.elb_status_code} {target_status} {r.received_bytes} {r.sent_bytes} "
        f'"{_request_line(c, request)}" "{agent_text}" {c.tls_cipher} {c.tls_protocol} {r.target_group_arn or "-"} '
        f'"{_quoted(r.trace_id)}" "{server_name}" "{c.certificate_arn or "-"}" {priority} {timestamp(r.created_at)} '
        f'"{r.action}" "{redirect_url}" "{r.error_reason or "-"}" '
        f'"{target}" "{target_status}" "{classification}" "{reason}" {c.trace_id} "-" "-" "-" {c.node_ip}'
    )
