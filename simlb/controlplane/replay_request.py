"""The request that a replay sends: made of what was kept, or refused where that is not the whole of it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

from simlb.controlplane.replay_views import RequestView
from simlb.errors import SimlbError
from simlb.wire.resending import header_to_send, request_bytes

NO_BODY = "E744"
NO_HEAD = "E745"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """A request to be sent. `body` is None when it has none; `left_out` names what the load balancer writes itself."""

    method: bytes
    uri: bytes
    version: bytes
    lines: Sequence[bytes]
    left_out: Sequence[str]
    body: bytes | None

    def to_bytes(self) -> bytes:
        """The whole of it."""
        return request_bytes(self.method, self.uri, self.version, self.lines, self.body)

    def values(self, name: bytes) -> list[bytes]:
        """The values of every header line of that name (lower case)."""
        parts = [line.partition(b":") for line in self.lines]
        return [value.strip() for found, _, value in parts if found.strip().lower() == name]


def request_of(
    view: RequestView, *, without_body: bool = False, body: bytes | None = None, partial: bool = False
) -> ReplayRequest:
    """What is to be sent, with another `body` or without one if that is wanted.

    `partial` is content with the beginning of a head. Raises SimlbError E744 without the whole body, E745 without the
    whole head.
    """
    if not view.is_head_whole and not partial:
        raise SimlbError(
            NO_HEAD,
            f"Of #{view.number} only the first 2 kB of the head were kept: it cannot be sent again as it was.",
            "send what there is, without the lines behind it: --partial",
        )
    header = header_to_send([line.encode("latin-1") for line in view.lines])
    return ReplayRequest(
        method=view.method.encode("latin-1"),
        uri=view.uri.encode("latin-1"),
        version=view.version.encode("latin-1"),
        lines=header.lines,
        left_out=header.left_out,
        body=_body(view, without_body=without_body, given=body),
    )


def _body(view: RequestView, *, without_body: bool, given: bytes | None) -> bytes | None:
    if without_body or given is not None:
        return given
    if not view.has_body:
        # `Content-Length: 0` is not nothing to every target.
        return b"" if any(line.lower().startswith("content-length:") for line in view.lines) else None
    if view.body is not None and view.is_body_whole:
        return b64decode(view.body)
    hints = ["without it: --without-body        → with another: --body FILE"]
    if view.body is not None:
        kept = len(b64decode(view.body))
        if view.body_size == kept:
            what = f"The client never finished the body of #{view.number}: {kept} bytes had come"
        else:
            what = f"Of the {view.body_size} bytes of the body of #{view.number} only the first {kept} were kept"
            hints.insert(0, "for later requests, more of it, up to 1m: keep_bodies in simlb.yaml, and simlb reload")
    else:
        what = f"The body of #{view.number} was not kept"
        if not view.keep_bodies_bytes:
            hints.insert(0, "for later requests: keep_bodies: 64k in simlb.yaml (top level), and simlb reload")
    raise SimlbError(NO_BODY, f"{what}: it cannot be sent again as it was.", *hints)
