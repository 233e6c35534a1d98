"""What it takes to send a request again: the answer of `POST /api/v1/exchanges/{ref}/request`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request of the past, as its client sent it, and where to send it now. It holds secrets.

    Bytes of the head are characters of the same number (Latin-1). `lines` are its header lines; when the head was
    longer than what is kept of one, `is_head_whole` is False and the last lines are missing.

    `body` is Base64: the bytes that were kept of it, without chunk framing. None when none were. `has_body` tells
    whether the request announced one, `body_size` how long it was as far as known; `keep_bodies_bytes` is what the
    configuration says now.

    `scheme` and `port` are the listener's, `address` and `published_port` where its socket is; `is_tls` is False for
    plain HTTP that reached an HTTPS listener. `server_name` is what TLS asked for (SNI), None without one. `log_line`
    is the request's line in the access log, `target` the name of the target that it went to.
    """

    number: int
    log_line: str
    load_balancer: str
    scheme: str
    port: int
    address: str
    published_port: int
    is_tls: bool
    server_name: str | None
    method: str
    uri: str
    version: str
    lines: tuple[str, ...]
    is_head_whole: bool
    has_body: bool
    body: str | None
    body_size: int | None
    is_body_whole: bool
    keep_bodies_bytes: int
    target: str | None = None
    ca_path: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Only lists and scalars."""
        return {**{item.name: getattr(self, item.name) for item in dataclasses.fields(self)}, "lines": list(self.lines)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RequestView:
        """Read `to_json` back. Members that a newer simlb added are passed over; a missing one raises KeyError."""
        members = {item.name: data[item.name] for item in dataclasses.fields(cls)}
        return cls(**{**members, "lines": tuple(data["lines"])})
