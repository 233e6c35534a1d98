"""Requests for the tests of rules: as the codec reads them, or made of parts."""

from __future__ import annotations

from dataclasses import dataclass

from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.request import RequestHead


def request(line: str = "GET /", *fields: str, host: str | None = "shop.test") -> RequestHead:
    """The head of a request; without `host` it is one of HTTP/1.0."""
    version = "HTTP/1.0" if host is None else "HTTP/1.1"
    lines = [f"{line} {version}", *([] if host is None else [f"Host: {host}"]), *fields]
    parsed = RequestParser(FieldParser()).parse("".join(line + "\r\n" for line in [*lines, ""]).encode())
    assert parsed is not None
    assert parsed[0].refusal == 0, "no rule ever sees this request"
    return parsed[0]


@dataclass(kw_only=True)
class Asked:
    """A request of any parts at all, also of such as no codec lets through."""

    method: bytes = b"GET"
    named_host: bytes | None = b"shop.test"
    path: bytes = b"/"
    query: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        return tuple(value for own, value in self.fields if own.lower() == name)
