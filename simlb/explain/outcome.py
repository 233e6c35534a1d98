"""The kinds of outcome of an exchange, and what is told of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simlb.explain.story import Words


class Outcome(StrEnum):
    """How an exchange went wrong, or surprised; the value is for programs."""

    # 400
    PLAIN_HTTP = "plain_http_on_https"
    NOT_HTTP = "not_http"
    DESYNC = "desync"
    NO_HOST = "no_host"
    OTHER_LOAD_BALANCER = "other_load_balancer"
    HEAD_TOO_LARGE = "head_too_large"
    BAD_BODY = "bad_body"
    CLIENT_GONE_IN_REQUEST = "client_gone_in_request"
    MALFORMED_REQUEST = "malformed_request"
    # other 4xx
    METHOD_REFUSED = "method_refused"
    REQUEST_TIMED_OUT = "request_timed_out"
    URI_TOO_LONG = "uri_too_long"
    CLIENT_CLOSED = "client_closed"
    TOO_MANY_ADDRESSES = "too_many_addresses"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    # 500, 501, 505, 507
    TRANSFORM_FAILED = "transform_failed"
    ENCODING_UNKNOWN = "encoding_unknown"
    VERSION_UNKNOWN = "version_unknown"
    LOCATION_TOO_LONG = "location_too_long"
    # 502
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    CLOSED = "closed"
    KEEP_ALIVE_ENDED = "keep_alive_ended"
    MALFORMED_RESPONSE = "malformed_response"
    DEREGISTERED = "deregistered"
    STOPPED = "stopped"
    # 503
    NO_TARGETS = "no_targets"
    GROUP_UNUSED = "group_unused"
    ALL_INITIAL = "all_initial"
    WEIGHTS_ZERO = "weights_zero"
    GROUP_GONE = "group_gone"
    NO_DESCRIPTOR = "no_descriptor"
    # 504
    CONNECT_TIMED_OUT = "connect_timed_out"
    TLS_TIMED_OUT = "tls_timed_out"
    IDLE = "idle"
    # behind a response head
    RESPONSE_CUT = "response_cut"
    # from the target
    TARGET_SAID_4XX = "target_4xx"
    TARGET_SAID_5XX = "target_5xx"
    TARGET_REDIRECTS_AGAIN = "target_redirects_again"
    # as the rules say
    RULE_SAID_ERROR = "rule_error"
    REDIRECT_TO_ITSELF = "redirect_to_itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """`status_code` is what the client gets; None where it differs from case to case."""

    status_code: int | None
    cause: Words
    next_steps: tuple[Words, ...]
