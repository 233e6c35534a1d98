"""Rules of a listener: conditions, transforms, and the action of what they match (reference 1.3).

Values are what the configuration or the API gave, in its own case; `simlb.core.rules` compiles them.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from simlb.core.model.action import Action

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHeaderCondition:
    """`host-header`: the Host without its port, any case. Either `values` (with wildcards) or `regex_values`."""

    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPatternCondition:
    """`path-pattern`: the path without its query, case-sensitive. Either `values` or `regex_values`."""

    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpHeaderCondition:
    """`http-header`: any occurrence of one field, any case. Either `values` or `regex_values`."""

    http_header_name: str
    values: tuple[str, ...] = ()
    regex_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequestMethodCondition:
    """`http-request-method`: exactly one of `values`, case-sensitive, no wildcards."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStringPair:
    """A key (None: any) and a value of the query string; both may hold wildcards, `\\*` and `\\?` are literal."""

    key: str | None = None
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStringCondition:
    """`query-string`: any of the pairs occurs in the raw query, any case."""

    values: tuple[QueryStringPair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIpCondition:
    """`source-ip`: the client's own address (never X-Forwarded-For) is in one of the networks."""

    values: tuple[IPNetwork, ...]


Condition = (
    HostHeaderCondition
    | PathPatternCondition
    | HttpHeaderCondition
    | HttpRequestMethodCondition
    | QueryStringCondition
    | SourceIpCondition
)

FIELDS: dict[type, str] = {
    HostHeaderCondition: "host-header",
    PathPatternCondition: "path-pattern",
    HttpHeaderCondition: "http-header",
    HttpRequestMethodCondition: "http-request-method",
    QueryStringCondition: "query-string",
    SourceIpCondition: "source-ip",
}
"""`Field` of each kind of condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """A regular expression and what replaces its first match; `$1`, `$2` ... stand for its groups (reference 1.3.1)."""

    regex: str
    replace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with a priority (1-50000) of its own. All conditions must hold; the lowest priority wins.

    `host_header_rewrite` and `url_rewrite` are its transforms, applied just before the request goes to the target.
    """

    priority: int
    arn: str
    conditions: tuple[Condition, ...]
    action: Action
    host_header_rewrite: Rewrite | None = None
    url_rewrite: Rewrite | None = None
