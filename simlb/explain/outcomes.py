"""Which kind of outcome an exchange had, judged by what is kept of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from simlb.core.attributes import DesyncMode
from simlb.core.desync import DesyncClass, Finding, Verdict, verdict
from simlb.core.server_names import canonical
from simlb.core.target_group import Basis, RoutingMode
from simlb.dataplane.target_failure import TargetFailure
from simlb.explain.causes import Outcome
from simlb.explain.remembered import Remembered
from simlb.wire.h1_fields import LINE_MAX_BYTES

KEEP_ALIVE_MAX_S = 0.5
"""A target that closes a kept connection later than that after the request has worked on it, and failed."""
_ERRORS = 400
_SERVER_ERRORS = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FAILURES = {
    TargetFailure.REFUSED: Outcome.REFUSED,
    TargetFailure.UNREACHABLE: Outcome.UNREACHABLE,
    TargetFailure.CONNECT_TIMED_OUT: Outcome.CONNECT_TIMED_OUT,
    TargetFailure.TLS_FAILED: Outcome.TLS_FAILED,
    TargetFailure.TLS_TIMED_OUT: Outcome.TLS_TIMED_OUT,
    TargetFailure.CLOSED: Outcome.CLOSED,
    TargetFailure.MALFORMED: Outcome.MALFORMED_RESPONSE,
    TargetFailure.NO_DESCRIPTOR: Outcome.NO_DESCRIPTOR,
    TargetFailure.IDLE: Outcome.IDLE,
    TargetFailure.DEREGISTERED: Outcome.DEREGISTERED,
    TargetFailure.STOPPED: Outcome.STOPPED,
}
_MODES = {
    RoutingMode.NO_TARGETS: Outcome.NO_TARGETS,
    RoutingMode.UNUSED: Outcome.GROUP_UNUSED,
    RoutingMode.ALL_INITIAL: Outcome.ALL_INITIAL,
}
_UNREADABLE = {Finding.BAD_METHOD, Finding.BAD_VERSION, Finding.BAD_URI, Finding.MISSING_URI}
"""Of requests that are hardly any, rather than of such as can be read in two ways."""
_BY_STATUS = {
    405: Outcome.METHOD_REFUSED,
    408: Outcome.REQUEST_TIMED_OUT,
    414: Outcome.URI_TOO_LONG,
    460: Outcome.CLIENT_CLOSED,
    463: Outcome.TOO_MANY_ADDRESSES,
    464: Outcome.PROTOCOL_MISMATCH,
    500: Outcome.TRANSFORM_FAILED,
    501: Outcome.ENCODING_UNKNOWN,
    505: Outcome.VERSION_UNKNOWN,
    507: Outcome.LOCATION_TOO_LONG,
}


def outcome_of(exchange: Remembered) -> Outcome | None:
    """How it went wrong, or surprised; None when nothing is to be said."""
    line = exchange.line
    if line.target_status_code is not None:
        return _of_target(exchange, line.target_status_code)
    if line.actions == "fixed-response":
        return Outcome.RULE_SAID_ERROR if line.elb_status_code >= _ERRORS else None
    if line.redirect_url is not None:
        return Outcome.REDIRECT_TO_ITSELF if leads_back(exchange) else None
    failure = exchange.rare.failure
    if failure is not None:
        return _of_failure(exchange, failure)
    if line.elb_status_code == 400:
        return _of_bad_request(exchange)
    if line.elb_status_code == 503:
        return of_basis(None if exchange.kept is None else exchange.kept.basis, exchange.has_no_weights)
    return _BY_STATUS.get(line.elb_status_code)


def of_basis(basis: Basis | None, has_no_weights: bool) -> Outcome | None:
    """Why a request gets 503 from a target group that stands so; None when it does not."""
    if basis is None:
        return Outcome.WEIGHTS_ZERO if has_no_weights else Outcome.GROUP_GONE
    return None if basis.candidates else _MODES.get(basis.mode)


def _of_target(exchange: Remembered, status_code: int) -> Outcome | None:
    if exchange.rare.failure is not None:
        return Outcome.RESPONSE_CUT
    if status_code >= _SERVER_ERRORS:
        return Outcome.TARGET_SAID_5XX
    if status_code >= _ERRORS:
        return Outcome.TARGET_SAID_4XX
    return Outcome.TARGET_REDIRECTS_AGAIN if times_redirected(exchange) > 1 else None


def times_redirected(exchange: Remembered) -> int:
    """How often a target has answered this very request with this redirect on its connection, this time included."""
    line = exchange.line
    if line.target_status_code not in _REDIRECTS:
        return 0
    same = [
        one
        for one in exchange.lines_before
        if (one.method, one.url, one.target_status_code) == (line.method, line.url, line.target_status_code)
    ]
    return 1 + len(same)


def _of_failure(exchange: Remembered, failure: TargetFailure) -> Outcome:
    if failure is TargetFailure.CLOSED and exchange.is_on_kept_connection:
        served = exchange.line.target_processing_time
        if served is None or served < KEEP_ALIVE_MAX_S:
            return Outcome.KEEP_ALIVE_ENDED
    return _FAILURES[failure]


def _of_bad_request(exchange: Remembered) -> Outcome:
    line, kept, head = exchange.line, exchange.kept, exchange.head
    if kept is None or head is None:
        # A head without an end is answered when it exceeds every limit; else the client has gone before its end.
        return Outcome.HEAD_TOO_LARGE if line.sent_bytes else Outcome.NOT_HTTP
    if line.sent_bytes == 0:
        return Outcome.CLIENT_GONE_IN_REQUEST
    if line.scheme == "https" and line.tls_protocol is None:
        return Outcome.PLAIN_HTTP
    if line.rule_priority is not None:
        return Outcome.BAD_BODY
    if line.classification_reason in _UNREADABLE:
        return Outcome.MALFORMED_REQUEST
    if not exchange.is_head_cut and not head.refusal and head.is_chunked:
        # The head is in order: what came of the body together with it was not.
        return Outcome.BAD_BODY
    if is_blocked(line.desync_class, None if kept.plan is None else kept.plan.attributes.desync_mitigation_mode):
        return Outcome.DESYNC
    if exchange.head_bytes >= LINE_MAX_BYTES:
        return Outcome.HEAD_TOO_LARGE
    if head.fields.host is None and not exchange.is_head_cut:
        return Outcome.NO_HOST
    if not exchange.is_head_cut and not head.refusal and _names_another(exchange):
        return Outcome.OTHER_LOAD_BALANCER
    return Outcome.MALFORMED_REQUEST


def _names_another(exchange: Remembered) -> bool:
    """Whether the host of a request that nothing is wrong with is none of its load balancer's names."""
    head, plan = exchange.head, None if exchange.kept is None else exchange.kept.plan
    host = None if head is None else head.named_host
    if host is None or plan is None:
        return False
    names = (plan.load_balancer.dns_name, *plan.load_balancer.names)
    return canonical(host.decode("latin-1")) not in map(canonical, names)


def is_blocked(desync_class: DesyncClass, mode: DesyncMode | None) -> bool:
    """Whether requests of that class are refused; `mode` None when it is no longer known: then what every mode does."""
    return verdict(mode or "monitor", desync_class) is Verdict.BLOCK


def leads_back(exchange: Remembered) -> bool:
    """Whether a redirect leads to the URL that was asked for: then it leads there for ever."""
    line, plan = exchange.line, None if exchange.kept is None else exchange.kept.plan
    if line.redirect_url is None:
        return False
    try:
        asked, to = urlsplit(line.url), urlsplit(line.redirect_url)
        to_port = to.port
    except ValueError:
        # What a client sends as URL need not be one.
        return False
    ports = {line.listener_port}
    if plan is not None:
        # Where the listener is, as clients see it.
        ports |= {plan.port, plan.published_port}
    return (asked.scheme, asked.hostname, asked.path or "/", asked.query) == (
        to.scheme,
        to.hostname,
        to.path or "/",
        to.query,
    ) and to_port in ports
