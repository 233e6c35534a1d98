"""What became of one request of a load, and the row in which a worker reports it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

IS_REUSED, IS_ELB_ANSWER = 1, 2
"""Flags of a row."""

Row = Sequence[Any]
"""`[number, intended start in seconds since the load's own, latency_s, status or ErrorKind, target, flags]`"""


class ErrorKind(StrEnum):
    """Why a request got no answer, as its client saw it. TLS kinds are what OpenSSL's verification said."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET = "reset"
    CLOSED = "closed"
    """The connection ended in order before the answer was whole."""
    TIMEOUT = "timeout"
    TLS_NAME = "tls_name"
    """The certificate is for other names."""
    TLS_EXPIRED = "tls_expired"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_OTHER = "tls_other"
    MALFORMED = "malformed"
    EXHAUSTED = "exhausted"
    """The generator itself had no port or descriptor left: this says nothing about the load balancer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """One finished request. `started_at_s` is when it was meant to start, in load-balancer seconds since the instance's
    start; the latency counts from there, so that what waits behind a slow answer is not left out.

    `status` is 0 where there was no answer, and `error` tells why. `target` is what the answer's X-Target says.
    """

    load: str
    number: int
    started_at_s: float
    latency_s: float
    status: int
    error: ErrorKind | None
    target: str | None
    is_reused: bool
    """Whether it went over a connection that had served before."""
    is_elb_answer: bool
    """Whether the answer says that the load balancer itself made it (`Server: awselb/2.0`)."""

    @property
    def ended_at_s(self) -> float:
        """When it was over, in load-balancer seconds since the instance's start."""
        return self.started_at_s + self.latency_s

    @property
    def outcome(self) -> str:
        """The status code or the error's kind, as text."""
        return str(self.status) if self.error is None else str(self.error)

    @classmethod
    def from_row(cls, load: str, t0_s: float, row: Row) -> LoadResult:
        """`t0_s` is when the load began."""
        number, intended_s, latency_s, outcome, target, flags = row
        is_answer = isinstance(outcome, int)
        return cls(
            load=load,
            number=number,
            started_at_s=t0_s + intended_s,
            latency_s=latency_s,
            status=outcome if is_answer else 0,
            error=None if is_answer else ErrorKind(outcome),
            target=target,
            is_reused=bool(flags & IS_REUSED),
            is_elb_answer=bool(flags & IS_ELB_ANSWER),
        )
