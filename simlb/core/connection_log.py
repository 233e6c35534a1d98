"""The connection-log record of one client connection and its line (reference 7.2)."""

from __future__ import annotations

from typing import NamedTuple

from simlb.core.access_log import ConnectionFacts, timestamp

SUCCESS = "Success"
UNMAPPED = "Failed:UnmappedConnectionError"
"""A handshake that failed for a reason which AWS has no code of its own for."""


class ClientCertificate(NamedTuple):
    """What the log shows of a client's leaf certificate. Times are wall-clock seconds, the serial number hex digits."""

    subject: str
    not_before: float
    not_after: float
    serial_number: str

    @property
    def validity(self) -> str:
        """`NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z`."""
        return f"NotBefore={_second(self.not_before)};NotAfter={_second(self.not_after)}"


class ConnectionRecord:
    """One connection, or one that failed in its handshake. `at` is the wall-clock second at which that was settled.

    `handshake_s` is how long the TLS handshake took, None when there was none or it failed. `key_exchange` is the
    negotiated group. `verify_status` is `Success`, `Failed:<code>`, or `-` for a connection without TLS.
    """

    __slots__ = ("at", "certificate", "facts", "handshake_s", "key_exchange", "verify_status")

    def __init__(
        self,
        facts: ConnectionFacts,
        at: float,
        *,
        handshake_s: float | None = None,
        key_exchange: str = "-",
        verify_status: str = "-",
        certificate: ClientCertificate | None = None,
    ) -> None:
        self.facts = facts
        self.at = at
        self.handshake_s = handshake_s
        self.key_exchange = key_exchange
        self.verify_status = verify_status
        self.certificate = certificate


def _second(seconds: float) -> str:
    return f"{timestamp(seconds)[:19]}Z"


_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}


def _quoted(value: str) -> str:
    r"""Printable ASCII as it is, everything else as `\xHH` of its UTF-8 bytes: a subject never ends its quotes."""
    if _PLAIN.issuperset(value):
        return value
    data = value.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"\\x{byte:02x}" for byte in data)


def format_line(record: ConnectionRecord) -> str:
    """One line of 15 fields, without its line end."""
    facts, certificate = record.facts, record.certificate
    latency = "-" if record.handshake_s is None else f"{record.handshake_s:.3f}"
    leaf = '"-" - -'
    if certificate is not None:
        leaf = f'"{_quoted(certificate.subject)}" {certificate.validity} {certificate.serial_number}'
    return (
        f"{timestamp(record.at)} {facts.client_ip} {facts.client_port} {facts.listener_port} "
        f"{facts.tls_protocol} {facts.tls_cipher} {latency} {leaf} {record.verify_status} {facts.trace_id} "
        f"{record.key_exchange} {facts.elb} {facts.node_ip}"
    )
