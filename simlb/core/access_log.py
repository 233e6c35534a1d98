"""The access-log record of one exchange and its line in the Application Load Balancer's format (reference 7.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum
from sys import intern
from typing import TYPE_CHECKING, Any, Protocol

from simlb.core.desync import Finding, worst

if TYPE_CHECKING:
    from simlb.core.client_certificate import ClientIdentity
    from simlb.core.rules import Decision
    from simlb.core.target_group import Basis
    from simlb.core.target_state import TargetState

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
        "client",
        "client_ip",
        "client_port",
        "dns_name",
        "elb",
        "kind",
        "listener_port",
        "node_ip",
        "origin",
        "rendered",
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
        self.origin = f"{elb} {listener_port} ipv6" if self.is_ipv6 else f"{elb} {listener_port}"
        """Tells connections apart that are counted apart: by load balancer, listener and IP version."""
        self.tls_cipher = self.tls_protocol = "-"
        self.server_name: str | None = None
        self.certificate_arn: str | None = None
        self.client: ClientIdentity | None = None
        """Who the client is, where the listener asks for its certificate and there is one."""
        self.trace_id = "-"
        """`TID_` and 32 hex digits."""
        self.rendered: tuple[str, str, str, str] | None = None

    @property
    def is_ipv6(self) -> bool:
        """The client came over IPv6. An IPv4 client of a socket for both has an address that says so."""
        return ":" in self.client_ip and not self.client_ip.startswith("::ffff:")


class ExchangeRecord:
    """Everything the log, the counters and later the explanation need of one exchange.

    Defaults stand for what did not happen. Times are seconds: `created_at` and `ended_at` wall-clock, the three
    processing times measured.

    What nearly every request sets lies in slots; what is rare has a default on the class and goes to the dictionary,
    which most requests never make (a dictionary of thirty entries cost each of them 0.9 µs and 1.6 kB).
    """

    __slots__ = (
        "__dict__",
        "action",
        "created_at",
        "elb_status_code",
        "ended_at",
        "facts",
        "matched_rule_priority",
        "received_bytes",
        "request",
        "request_processing_time",
        "response_processing_time",
        "sent_bytes",
        "target_address",
        "target_group_arn",
        "target_processing_time",
        "target_status_code",
        "trace_id",
    )

    kind: str | None = None
    """Set when it is not the connection's: `ws`, `wss`."""
    has_own_trace_id = True
    """False when a client's header is part of it."""
    redirect_url: str | None = None
    error_reason: str | None = None
    findings: tuple[Finding, ...] = ()
    transformed_host: bytes | None = None
    """What a rule's transforms changed; None when it stayed."""
    transformed_uri: bytes | None = None
    transform_status: str | None = None
    """None when there was nothing to transform."""
    decision: Decision | None = None
    """What the rules said; None for what never got to them."""
    basis: Basis | None = None
    """What the choice of a target rested on; many exchanges share it."""
    target: TargetState | None = None
    """Which target it went to; None for what went to none, or never became a request."""
    failure: Enum | None = None
    """How the target let it down: the first of the member's values says it in words."""
    is_first_on_connection = False
    """A connection was made for it, or could not be made; the other kind is a kept one that has served before."""
    marks: tuple[str, ...] = ()
    """What few requests count for beside their outcome: names of metrics."""

    def __init__(self, facts: ConnectionFacts, request: RequestFacts | None, created_at: float) -> None:
        """`request` is None when nothing arrived that could be read as one."""
        self.facts = facts
        self.request = request
        self.created_at = created_at
        self.ended_at = created_at
        self.action = "-"
        self.trace_id = "-"
        self.matched_rule_priority: int | None = None
        self.target_address: str | None = None
        self.target_group_arn: str | None = None
        self.request_processing_time = NOT_DISPATCHED
        self.target_processing_time = NOT_DISPATCHED
        self.response_processing_time = NOT_DISPATCHED
        self.elb_status_code = 0
        self.target_status_code = 0
        self.received_bytes = 0
        self.sent_bytes = 0

    def keep(self) -> tuple[Any, ...] | None:
        """What an explanation needs beyond the log line: the header section, and things that exist anyway.

        None when there is nothing. As few new objects as possible: thousands of these are kept.
        """
        return None


_DIGITS = tuple(f"{value:03d}" for value in range(1000))
_second = -1
_second_text = ""


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with microseconds, as the log writes it. The second's part is remembered."""
    global _second, _second_text
    seconds += 0.0000005  # round: a float's fraction, cut off, is a microsecond short half of the time
    whole = int(seconds)
    if whole != _second:
        _second, _second_text = whole, datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
    thousands, rest = divmod(int((seconds - whole) * 1_000_000), 1000)
    return f"{_second_text}{_DIGITS[thousands]}{_DIGITS[rest]}Z"


_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')


def _quoted(value: bytes | str) -> str:
    r"""Text inside quotes: printable ASCII as it is; quotes, backslashes and the rest as `\xHH`: a line stays one."""
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if not value.translate(None, _PLAIN):
        return value.decode("ascii")
    return "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in value)


_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def unquoted(text: str) -> bytes:
    r"""The bytes that `text` of a line stands for: `\xHH` is one, and nothing else holds a backslash."""
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode())


_MILLISECONDS = tuple(f"{value / 1000:.3f}" for value in range(1000))


def _seconds(value: float) -> str:
    """Seconds with three decimals, -1 for what did not happen."""
    return "-1" if value < 0 else f"{value:.3f}"


_TEXTS_MAX = 1024
_TEXT_REMEMBERED_MAX_BYTES = 512
_texts: dict[bytes, str] = {}
_around_uri: dict[tuple[bytes, bytes, bytes | str, str, int], tuple[str, str]] = {}
"""What stands before and behind the URI in a request line; it repeats where the URI does not."""


def _repeated(value: bytes) -> str:
    """`_quoted` for what repeats, such as user agents and hosts."""
    text = _texts.get(value)
    if text is None:
        text = _quoted(value[:USER_AGENT_MAX_BYTES])
        if len(value) <= _TEXT_REMEMBERED_MAX_BYTES:
            if len(_texts) >= _TEXTS_MAX:
                _texts.clear()
            _texts[value] = text
    return text


def _request_line(facts: ConnectionFacts, request: RequestFacts | None) -> str:
    if request is None:
        # Nothing that could be read as a request arrived (reference 7.1, unparsable request).
        return f"- {facts.scheme}://{facts.dns_name}:{facts.listener_port}- -"
    uri = request.uri
    if uri[:1] != b"/" and b"://" in uri:
        return f"{_repeated(request.method)} {_quoted(uri)} {_repeated(request.version)}"
    named = request.named_host
    key = (request.method, request.version, named or facts.dns_name, facts.scheme, facts.listener_port)
    around = _around_uri.get(key)
    if around is None:
        host = facts.dns_name if named is None else _repeated(named)
        around = (
            f"{_repeated(request.method)} {facts.scheme}://{host}:{facts.listener_port}",
            _repeated(request.version),
        )
        if len(request.method) + len(request.version) + len(named or b"") <= _TEXT_REMEMBERED_MAX_BYTES:
            if len(_around_uri) >= _TEXTS_MAX:
                _around_uri.clear()
            _around_uri[key] = around
    return f"{around[0]}{_quoted(uri)} {around[1]}"


def _render_facts(c: ConnectionFacts) -> tuple[str, str, str, str]:
    """The connection's own parts of a line: load balancer and client, TLS, names, end. Made once per connection."""
    server_name = "-" if c.server_name is None else _quoted(c.server_name)
    c.rendered = (
        f"{c.elb} {c.client_ip}:{c.client_port}",
        # The same for most connections, and there may be ten thousand of them: kept once.
        intern(f"{c.tls_cipher} {c.tls_protocol}"),
        intern(f'"{server_name}" "{c.certificate_arn or "-"}"'),
        f'{c.trace_id} "-" "-" "-" {c.node_ip}',
    )
    return c.rendered


_Outcome = tuple[int, int, str | None, str]
_outcomes: dict[_Outcome, tuple[str, str, str, str]] = {}
"""The parts of a line that depend on codes, group and action alone: there are few of those, also with many targets."""


def _render_outcome(key: _Outcome) -> tuple[str, str, str, str]:
    target_status_code, elb_status_code, target_group_arn, action = key
    target_status = str(target_status_code) if target_status_code else "-"
    rendered = (
        f"{elb_status_code} {target_status}",
        target_group_arn or "-",
        f'"{action}" "-" "-"',
        f'"{target_status}" "-" "-"',
    )
    if len(_outcomes) >= _TEXTS_MAX:
        _outcomes.clear()
    _outcomes[key] = rendered
    return rendered


def _unusual_outcome(r: ExchangeRecord) -> tuple[str, str]:
    """Fields 23-25 and 27-29 of a record that has a redirect, an error reason or a desync finding to show."""
    classification = reason = "-"
    if r.findings:
        desync_class, finding = worst(r.findings)
        classification, reason = desync_class.label, str(finding)
    redirect_url = "-" if r.redirect_url is None else _quoted(r.redirect_url)
    return (
        f'"{r.action}" "{redirect_url}" "{r.error_reason or "-"}"',
        f'"{r.target_status_code or "-"}" "{classification}" "{reason}"',
    )


def _transformed_end(r: ExchangeRecord) -> str:
    """Fields 30 to 34 of a record whose rule has transforms."""
    host = "-" if r.transformed_host is None else _quoted(r.transformed_host)
    uri = "-" if r.transformed_uri is None else _quoted(r.transformed_uri)
    return f'{r.facts.trace_id} "{host}" "{uri}" "{r.transform_status}" {r.facts.node_ip}'


def format_line(record: ExchangeRecord) -> str:
    """One line of 34 fields, without its line end."""
    r, c, request = record, record.facts, record.request
    who, tls, names, end = c.rendered or _render_facts(c)
    agent = None if request is None else request.user_agent
    agent_text = "-" if agent is None else _texts.get(agent) or _repeated(agent)
    target = r.target_address or "-"
    key = (r.target_status_code, r.elb_status_code, r.target_group_arn, r.action)
    codes, group, done, outcome = _outcomes.get(key) or _render_outcome(key)
    if r.findings or r.redirect_url is not None or r.error_reason is not None:
        done, outcome = _unusual_outcome(r)
    if r.transform_status is not None:
        end = _transformed_end(r)
    priority = "-" if r.matched_rule_priority is None else r.matched_rule_priority
    trace_id = r.trace_id if r.has_own_trace_id else _quoted(r.trace_id)
    # Written out, since three calls here are a noticeable part of a line's cost.
    waited, served, sent = r.request_processing_time, r.target_processing_time, r.response_processing_time
    waited_text = _MILLISECONDS[int(waited * 1000 + 0.5)] if 0 <= waited < 0.999 else _seconds(waited)
    served_text = _MILLISECONDS[int(served * 1000 + 0.5)] if 0 <= served < 0.999 else _seconds(served)
    sent_text = _MILLISECONDS[int(sent * 1000 + 0.5)] if 0 <= sent < 0.999 else _seconds(sent)
    return (
        f"{r.kind or c.kind} {timestamp(r.ended_at)} {who} {target} {waited_text} {served_text} {sent_text} "
        f'{codes} {r.received_bytes} {r.sent_bytes} "{_request_line(c, request)}" "{agent_text}" {tls} {group} '
        f'"{trace_id}" {names} {priority} {timestamp(r.created_at)} {done} "{target}" {outcome} {end}'
    )
