"""Rules in words: their conditions, transforms and actions as `simlb rules` and the control port tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simlb.core.model import (
    Action,
    Condition,
    ForwardAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    RedirectAction,
    Rule,
)

_UNITS_S = (("d", 86400), ("h", 3600), ("min", 60))
_UNCHANGED = RedirectAction()


def condition_words(condition: Condition) -> str:
    """`path /img/*, /css/*`, `header X-Canary: 1`, `query v=2`. Values are alternatives; regular expressions say so."""
    match condition:
        case HostHeaderCondition():
            return f"host {_patterns(condition.values, condition.regex_values)}"
        case PathPatternCondition():
            return f"path {_patterns(condition.values, condition.regex_values)}"
        case HttpHeaderCondition():
            return f"header {condition.http_header_name}: {_patterns(condition.values, condition.regex_values)}"
        case HttpRequestMethodCondition():
            return f"method {', '.join(condition.values)}"
        case QueryStringCondition():
            return f"query {', '.join(map(_pair, condition.values))}"
        case _:
            return f"source {', '.join(map(str, condition.values))}"


def transform_words(rule: Rule) -> Iterator[str]:
    """`url-rewrite ^/old/(.*)$ → /$1`: each transform by its elbv2 type, in the order of their use."""
    for kind, rewrite in (("host-header-rewrite", rule.host_header_rewrite), ("url-rewrite", rule.url_rewrite)):
        if rewrite is not None:
            yield f"{kind} {rewrite.regex} → {rewrite.replace or '(nothing)'}"


def action_words(action: Action) -> str:
    """`forward web`, `forward web 90 %, canary 10 % (sticky 1 h)`, `redirect HTTPS:443 (301)`, `fixed-response 404`."""
    if isinstance(action, ForwardAction):
        return _forward(action)
    if isinstance(action, RedirectAction):
        return f"redirect {_location(action)} ({action.status_code.removeprefix('HTTP_')})"
    return f"fixed-response {action.status_code}"


def duration_words(seconds: int) -> str:
    """`1 h`, `7 d`, `90 s`: the largest unit that gives a whole number."""
    for unit, length_s in _UNITS_S:
        if seconds and seconds % length_s == 0:
            return f"{seconds // length_s} {unit}"
    return f"{seconds} s"


def _patterns(values: Sequence[str], regex_values: Sequence[str]) -> str:
    return ", ".join((*values, *(f"regex {value}" for value in regex_values)))


def _pair(pair: QueryStringPair) -> str:
    return f"{pair.value} (any key)" if pair.key is None else f"{pair.key}={pair.value}"


def _forward(action: ForwardAction) -> str:
    sticky = "" if action.stickiness_duration_s is None else f" (sticky {duration_words(action.stickiness_duration_s)})"
    if len(action.target_groups) == 1:
        return f"forward {action.target_groups[0].target_group}{sticky}"
    total = sum(entry.weight for entry in action.target_groups)
    shares = (
        f"{entry.target_group} {entry.weight / total * 100 if total else 0:.3g} %" for entry in action.target_groups
    )
    return f"forward {', '.join(shares)}{sticky}"


def _location(action: RedirectAction) -> str:
    """Protocol and port alone when nothing else changes, as in the redirect to HTTPS; else the whole URL."""
    if (action.host, action.path, action.query) == (_UNCHANGED.host, _UNCHANGED.path, _UNCHANGED.query):
        return f"{action.protocol}:{action.port}"
    query = f"?{action.query}" if action.query else ""
    return f"{action.protocol}://{action.host}:{action.port}{action.path}{query}"
