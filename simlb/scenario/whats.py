"""What can be counted: the words for kinds of log lines and of clients' results. One table for both."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from simlb.scenario.journal import ClientEnded, RequestEnded

Log = Callable[[RequestEnded], bool]
Client = Callable[[ClientEnded], bool]

_STATUS = re.compile(r"(?:(elb|target)_)?([1-5])([0-9]{2}|xx)")

_LOG: Mapping[str, Log] = {
    "requests": lambda _: True,
    "forwarded": lambda line: line.target is not None,
    "redirects": lambda line: line.action == "redirect",
    "reused": lambda line: line.is_reused,
}

ERROR_KINDS = (
    "connect_refused",
    "connect_timeout",
    "reset",
    "closed",
    "timeout",
    "tls_name",
    "tls_expired",
    "tls_untrusted",
    "tls_other",
    "malformed",
    "exhausted",
)
"""What can happen to a client that gets no answer (`simlb.load.ErrorKind`)."""

LOG_WORDS = (*_LOG, "elb_502", "elb_5xx", "target_5xx", "2xx", "504")
CLIENT_WORDS = ("requests", "answers", "errors", *ERROR_KINDS, "2xx", "504")
"""Examples for messages: every status code and class of codes can stand for these."""


def log_predicate(what: str) -> Log | None:
    """Which log lines a word means; None for a word that means none.

    `502` and `5xx` are the codes that clients got; `target_502` what the target answered; `elb_502` what the load
    balancer made itself, without an answer of a target: the log's `target_status` is `-` (HTTPCode_ELB_502_Count).
    """
    if what in _LOG:
        return _LOG[what]
    match = _STATUS.fullmatch(what)
    if match is None:
        return None
    maker, codes = match[1], _codes(match)
    if maker == "elb":
        return lambda line: line.elb_status in codes and not line.target_status
    if maker == "target":
        return lambda line: line.target_status in codes
    return lambda line: line.elb_status in codes


def client_predicate(kind: str) -> Client | None:
    """Which results of clients a word means; None for a word that means none."""
    if kind == "requests":
        return lambda _: True
    if kind == "answers":
        return lambda result: result.error is None
    if kind == "errors":
        return lambda result: result.error is not None
    if kind in ERROR_KINDS:
        return lambda result: result.error == kind
    match = _STATUS.fullmatch(kind)
    if match is None or match[1]:
        return None
    codes = _codes(match)
    return lambda result: result.status in codes


def _codes(match: re.Match[str]) -> range:
    hundred = int(match[2]) * 100
    if match[3] == "xx":
        return range(hundred, hundred + 100)
    code = hundred + int(match[3])
    return range(code, code + 1)


FIELDS: Mapping[str, Callable[[RequestEnded], float | str | bool]] = {
    "elb_status": lambda line: line.elb_status,
    "target_status": lambda line: str(line.target_status) if line.target_status else "-",
    "target": lambda line: line.target or "-",
    "group": lambda line: line.group or "-",
    "port": lambda line: line.port,
    "method": lambda line: line.method,
    "path": lambda line: line.path,
    "host": lambda line: line.host,
    "action": lambda line: line.action,
    "failure": lambda line: line.failure or "-",
    "redirect_url": lambda line: line.redirect_url or "-",
    "reused": lambda line: line.is_reused,
    "duration": lambda line: line.at_s - line.received_at_s,
}
"""What `log.NAME` means. `-` is what the log writes where there is nothing."""

FLAGS = frozenset({"reused"})
NUMBERS = frozenset({"elb_status", "port"})
DURATIONS = frozenset({"duration"})
