"""What a fake backend answers, as tests write it: `text=`, `status=`, `json=`, `latency="12ms"`, `hang=True`."""

from __future__ import annotations

import http
import json as json_module
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simlb.errors import SimlbError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|m)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `latency_s` is in load-balancer seconds: it goes by the load balancer's clock."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    latency_s: float = 0.0
    hangs: bool = False

    def to_bytes(self, method: str) -> bytes:
        """The whole response."""
        try:
            reason = http.HTTPStatus(self.status).phrase
        except ValueError:
            reason = "Whatever"
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in self.headers)]
        given = {name.lower() for name, _ in self.headers}
        has_body = self.status not in _BODILESS
        if has_body and not given & {"content-length", "transfer-encoding"}:
            lines.append(f"Content-Length: {len(self.body)}")
        if has_body and self.body and "content-type" not in given:
            lines.append("Content-Type: text/plain; charset=utf-8")
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        return head + self.body if has_body and method != "HEAD" else head


def answer(
    *,
    status: int = 200,
    text: str | None = None,
    json: Any = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    latency: str | float = 0.0,
    hang: bool = False,
) -> Answer:
    """An answer from what a test gives. Raises SimlbError E690 for values that do not make one."""
    given = [name for name, value in (("text", text), ("json", json), ("body", body)) if value is not None]
    if len(given) > 1:
        raise SimlbError("E690", f"An answer has one body: {' and '.join(given)} exclude each other.")
    if not 200 <= status <= 599:
        raise SimlbError("E690", f"status={status} is not a status code from 200 to 599.")
    content = body or b""
    fields = dict(headers or {})
    if text is not None:
        content = text.encode()
    elif json is not None:
        content = json_module.dumps(json).encode()
        if not any(name.lower() == "content-type" for name in fields):
            fields["Content-Type"] = "application/json"
    return Answer(status=status, body=content, headers=tuple(fields.items()), latency_s=duration_s(latency), hangs=hang)


def answers(given: object) -> Answer:
    """One entry of `responses=[502, "text", {"status": 200, "json": {}}]`."""
    match given:
        case Answer():
            return given
        case bool():
            pass
        case int():
            return answer(status=given)
        case str():
            return answer(text=given)
        case bytes():
            return answer(body=given)
        case dict():
            try:
                return answer(**given)
            except TypeError as error:
                raise SimlbError("E690", f"{given!r} is not an answer: {error}.") from None
    raise SimlbError("E690", f"{given!r} is not an answer.", "a status code, a text, bytes, or {'status': ...}")


def duration_s(written: str | float) -> float:
    """Seconds from `12ms`, `1.5s` or a number of seconds. Raises SimlbError E690."""
    if isinstance(written, str):
        match = _DURATION.fullmatch(written)
        if match is None:
            raise SimlbError("E690", f"'{written}' is not a duration.", "write it as 12ms, 1.5s or 2m")
        return float(match[1]) * _UNIT_S[match[2]]
    if not 0 <= written < float("inf"):
        raise SimlbError("E690", f"{written} is not a duration in seconds.")
    return float(written)
