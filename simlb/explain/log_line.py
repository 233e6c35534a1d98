"""An access-log line read back: what an exchange was, as far as its line says (reference 7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simlb.core.desync import DesyncClass

_WORD = re.compile(r'"([^"]*)"|([^ "]+)')
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
FIELDS = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line. None stands for `-`; a processing time is None for -1, what did not happen. Times are real seconds.

    The request field is the request line with a whole URL in it: `target`. When the client sent `uri` alone, scheme,
    `host` (the load balancer's own name when it named none) and `listener_port` were put before it; `target` is what it
    sent when it sent a whole URL itself, which may look the same. `method` is None when nothing arrived that could be
    read as a request.
    """

    kind: str
    ended_at: str
    created_at: str
    elb: str
    client_ip: str
    client_port: int
    target_address: str | None
    request_processing_time: float | None
    target_processing_time: float | None
    response_processing_time: float | None
    elb_status_code: int
    target_status_code: int | None
    received_bytes: int
    sent_bytes: int
    url: str
    """What was asked for: scheme, host, the listener's port, path and query."""
    method: bytes | None
    target: bytes
    uri: bytes
    version: bytes
    host: bytes | None
    listener_port: int | None
    """None where the client sent a URL without one."""
    tls_cipher: str | None
    tls_protocol: str | None
    target_group: str | None
    trace_id: str | None
    server_name: str | None
    certificate_arn: str | None
    rule_priority: int | None
    actions: str | None
    redirect_url: str | None
    error_reason: str | None
    classification: str | None
    classification_reason: str | None
    connection: str
    transformed_host: str | None
    transformed_uri: str | None
    transform_status: str | None
    node_ip: str

    @property
    def scheme(self) -> str:
        """`http` or `https`, of the listener."""
        return "https" if self.kind in {"https", "wss", "h2", "grpcs"} else "http"

    @property
    def desync_class(self) -> DesyncClass:
        """How ambiguous its head was."""
        return DesyncClass[(self.classification or "compliant").upper()]

    @classmethod
    def read(cls, line: str) -> LogLine:
        """Read a line of the load balancer's own."""
        words = [match[1] if match[2] is None else match[2] for match in _WORD.finditer(line)]
        assert len(words) >= FIELDS, "a line of our own is whole"
        texts = [None if word == "-" else word for word in words]
        client_ip, _, client_port = words[3].rpartition(":")
        method, target, uri, version, host, port, url = _request(words[12])
        arn = texts[16]
        return cls(
            kind=words[0],
            ended_at=words[1],
            created_at=words[21],
            elb=words[2],
            client_ip=client_ip,
            client_port=int(client_port),
            target_address=texts[4],
            request_processing_time=_seconds(words[5]),
            target_processing_time=_seconds(words[6]),
            response_processing_time=_seconds(words[7]),
            elb_status_code=int(words[8]),
            target_status_code=_number(texts[9]),
            received_bytes=int(words[10]),
            sent_bytes=int(words[11]),
            url=url,
            method=method,
            target=target,
            uri=uri,
            version=version,
            host=host,
            listener_port=port,
            tls_cipher=texts[14],
            tls_protocol=texts[15],
            target_group=None if arn is None else arn.split("/")[1],
            trace_id=texts[17],
            server_name=texts[18],
            certificate_arn=texts[19],
            rule_priority=_number(texts[20]),
            actions=texts[22],
            redirect_url=texts[23],
            error_reason=texts[24],
            classification=texts[27],
            classification_reason=texts[28],
            connection=words[29],
            transformed_host=texts[30],
            transformed_uri=texts[31],
            transform_status=texts[32],
            node_ip=words[33],
        )


_OWN_URL = re.compile(rb"(?:http|https)://(\[[^\]/]*\]|[^:/?#\[\] ]*):([0-9]+)(.*)", re.DOTALL)
_NOTHING = re.compile(rb"- (?:http|https)://([^ ]*):([0-9]+)- -")


_Request = tuple[bytes | None, bytes, bytes, bytes, bytes | None, int | None, str]


def _request(text: str) -> _Request:
    r"""Method, target, URI, version, host, port and URL of a request field, in which `\xHH` stands for a byte."""
    raw = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text.encode())
    nothing = _NOTHING.fullmatch(raw)
    if nothing is not None:
        return None, b"", b"", b"", None, int(nothing[2]), text.split(" ")[1].removesuffix("-")
    method, _, rest = raw.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    url = text.partition(" ")[2].rpartition(" ")[0]
    own = _OWN_URL.fullmatch(target)
    if own is None:
        return method, target, target, version, None, None, url
    return method, target, own[3], version, own[1], int(own[2]), url


def _seconds(word: str) -> float | None:
    return None if word.startswith("-") else float(word)


def _number(word: str | None) -> int | None:
    return None if word is None else int(word)
