"""Raw answers that faults give in a target's place."""

from __future__ import annotations

from simlb.core.error_pages import reason_phrase
from simlb.dataplane.points import Asked


def plain_answer(asked: Asked, status_code: int, text: str) -> bytes:
    """A well-formed answer with a small text, as a target would write it: the connection can serve further requests."""
    body = f"{text}\n".encode()
    has_body = status_code not in {204, 304}
    lines = [f"HTTP/1.1 {status_code} {reason_phrase(status_code)}"]
    if has_body:
        lines += ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "", ""]).encode()
    return head + body if has_body and asked.method != "HEAD" else head
