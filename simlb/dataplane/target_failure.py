"""How a target can let an exchange down, and what that means for the client."""

from __future__ import annotations

from enum import Enum


class TargetFailure(Enum):
    """How a target let an exchange down; the value is the status the client gets if nothing was sent yet (4.1)."""

    REFUSED = ("connection refused", 502)
    UNREACHABLE = ("unreachable", 502)
    CONNECT_TIMED_OUT = ("connect timed out", 504)
    TLS_FAILED = ("TLS handshake failed", 502)
    TLS_TIMED_OUT = ("TLS handshake timed out", 504)
    CLOSED = ("connection closed before the response was complete", 502)
    MALFORMED = ("malformed response", 502)
    NO_DESCRIPTOR = ("no file descriptor left to connect with", 503)
    IDLE = ("no response within the idle timeout", 504)
    DEREGISTERED = ("deregistration delay ran out", 502)
    STOPPED = ("the load balancer stopped", 502)

    @property
    def status_code(self) -> int:
        """502 or 504; 503 when the load balancer itself could not connect."""
        return self.value[1]


NOTHING_SENT = frozenset(
    {
        TargetFailure.REFUSED,
        TargetFailure.UNREACHABLE,
        TargetFailure.CONNECT_TIMED_OUT,
        TargetFailure.TLS_FAILED,
        TargetFailure.TLS_TIMED_OUT,
    }
)
"""The request has not reached the target, so that another one may get it."""
TARGETS_FAULT = NOTHING_SENT | {TargetFailure.CLOSED, TargetFailure.MALFORMED}
"""What counts against a target when error rates are compared, besides its 5xx answers (reference 5.3)."""
