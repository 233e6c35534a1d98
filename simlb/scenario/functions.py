"""The functions that expressions may call: what they take and give. `expressions` evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an expression stands for, in the words of messages."""

    NUMBER = "a number"
    DURATION = "a duration"
    RATE = "a rate"
    FLAG = "a condition"
    TEXT = "a text"
    MOMENT = "a moment"
    GROUP = "a target group"
    TARGET = "a target"
    WHAT = "a kind of request"
    CLIENT_WHAT = "a kind of clients' results"
    LOAD = "a load"
    LOG = "a condition on log lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """`takes` in order; `named` may be left out, `needs` not."""

    takes: tuple[Kind, ...]
    gives: Kind
    named: Mapping[str, Kind] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    says: str
    """For people: what it gives."""


_WINDOW = {"from": Kind.MOMENT, "to": Kind.MOMENT}
_OF_REQUESTS = {**_WINDOW, "target": Kind.TARGET, "port": Kind.NUMBER}
_OF_CLIENTS = {**_WINDOW, "load": Kind.LOAD}
_AT = {"at": Kind.MOMENT}


def _percentile(hundredths: int) -> Signature:
    return Signature(
        takes=(Kind.LOAD,),
        gives=Kind.DURATION,
        named=_WINDOW,
        says=f"the time within which {hundredths} % of a load's answers came",
    )


FUNCTIONS: Mapping[str, Signature] = {
    "healthy": Signature(takes=(Kind.GROUP,), gives=Kind.NUMBER, named=_AT, says="how many targets are healthy"),
    "unhealthy": Signature(takes=(Kind.GROUP,), gives=Kind.NUMBER, named=_AT, says="how many targets are unhealthy"),
    "health": Signature(takes=(Kind.TARGET,), gives=Kind.TEXT, named=_AT, says="a target's state, as elbv2 names it"),
    "state": Signature(takes=(Kind.TARGET,), gives=Kind.TEXT, named=_AT, says="the same as health()"),
    "reason": Signature(takes=(Kind.TARGET,), gives=Kind.TEXT, named=_AT, says="why a target has its state"),
    "flips": Signature(
        takes=(Kind.TARGET,), gives=Kind.NUMBER, named=_WINDOW, says="changes between healthy and unhealthy"
    ),
    "rate": Signature(
        takes=(Kind.WHAT, Kind.DURATION),
        gives=Kind.RATE,
        named={"target": Kind.TARGET, "port": Kind.NUMBER},
        says="requests per second within the last so many seconds",
    ),
    "count": Signature(takes=(Kind.WHAT,), gives=Kind.NUMBER, named=_OF_REQUESTS, says="how many log lines"),
    "ratio": Signature(takes=(Kind.WHAT,), gives=Kind.NUMBER, named=_OF_REQUESTS, says="which part of all log lines"),
    "share": Signature(
        takes=(Kind.TARGET,), gives=Kind.NUMBER, named=_WINDOW, says="which part of what was forwarded a target got"
    ),
    "in_flight": Signature(
        takes=(Kind.TARGET,), gives=Kind.NUMBER, named=_WINDOW, says="unanswered requests now, or the most in a window"
    ),
    "first": Signature(takes=(Kind.WHAT,), gives=Kind.MOMENT, named=_OF_REQUESTS, says="when the first was"),
    "last": Signature(takes=(Kind.WHAT,), gives=Kind.MOMENT, named=_OF_REQUESTS, says="when the last was"),
    "between": Signature(
        takes=(Kind.MOMENT, Kind.MOMENT), gives=Kind.DURATION, says="from a moment to the next such moment after it"
    ),
    "p50": _percentile(50),
    "p95": _percentile(95),
    "p99": _percentile(99),
    "client": Signature(
        takes=(Kind.CLIENT_WHAT,), gives=Kind.NUMBER, named=_OF_CLIENTS, says="how many of the clients' results"
    ),
    "all": Signature(takes=(Kind.LOG,), gives=Kind.FLAG, named=_OF_REQUESTS, says="whether all log lines are so"),
    "any": Signature(takes=(Kind.LOG,), gives=Kind.FLAG, named=_OF_REQUESTS, says="whether some log line is so"),
}
