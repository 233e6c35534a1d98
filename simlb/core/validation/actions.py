"""Actions of a rule: which go together, and what each of them may hold (reference 1.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from simlb.core.quotas import ACTIONS_PER_RULE, TARGET_GROUPS_PER_ACTION
from simlb.core.validation.errors import (
    ElbError,
    NotSupportedError,
    constraint,
    invalid,
    quota_errors,
    range_errors,
)

FINAL_TYPES = ("forward", "redirect", "fixed-response")
NOT_SUPPORTED_ACTION_TYPES = ("authenticate-oidc", "authenticate-cognito", "jwt-validation")
ORDER_MAX = 50000
WEIGHT_MAX = 999
STICKINESS_DURATION_MAX_S = 604800
REDIRECT_TEXT_MAX = 128
MESSAGE_BODY_MAX = 1024
CONTENT_TYPES = ("text/html", "application/json", "application/javascript", "text/css", "text/plain")

_FIXED_STATUS = re.compile(r"[245][0-9][0-9]")
_PLACEHOLDER = re.compile(r"#\{([^}]*)\}?")
_KEYWORDS = {
    "host": ("host",),
    "path": ("host", "path", "port"),
    "query": ("protocol", "host", "port", "path", "query"),
}


def action_errors(actions: Sequence[tuple[str, int | None]]) -> Iterator[ElbError]:
    """Whether actions of these types and orders (None: not given) go together. Paths begin with an index.

    Exactly one of them is final, and its order is the highest; a single action needs no order.
    """
    for index, (kind, order) in enumerate(actions):
        if kind in NOT_SUPPORTED_ACTION_TYPES:
            what = f"Action type '{kind}' is not supported by simlb yet"
            yield NotSupportedError("InvalidLoadBalancerAction", what, index, "type")
        elif kind not in FINAL_TYPES:
            enum = f"satisfy enum value set: [{', '.join(FINAL_TYPES)}]"
            yield constraint(f"actions.{index + 1}.member.type", kind, enum, index, "type")
        if order is None:
            if len(actions) > 1:
                yield invalid("An 'Order' must be specified for each action of several", index)
        else:
            yield from range_errors(f"actions.{index + 1}.member.order", order, 1, ORDER_MAX, index, "order")
    if len(actions) > ACTIONS_PER_RULE.limit:
        yield from quota_errors(ACTIONS_PER_RULE, len(actions))
        return
    final = [index for index, (kind, _) in enumerate(actions) if kind in FINAL_TYPES]
    if len(final) != 1:
        what = f"Exactly one of the actions '{', '.join(FINAL_TYPES)}' must be specified"
        yield ElbError("InvalidLoadBalancerAction", what, *final[1:2])
    orders = [order for _, order in actions if order is not None]
    if len(set(orders)) < len(orders):
        yield invalid("The 'Order' of an action must be unique")
    elif len(final) == 1 and len(orders) == len(actions) and actions[final[0]][1] != max(orders):
        kind = actions[final[0]][0]
        what = f"The action '{kind}' must have the highest 'Order'"
        yield ElbError("InvalidLoadBalancerAction", what, final[0], "order")


def forward_errors(
    target_groups: Sequence[tuple[str, int | None]],
    *,
    stickiness_enabled: bool = False,
    stickiness_duration_s: int | None = None,
    known: Mapping[str, str | None],
) -> Iterator[ElbError]:
    """A forward to `target_groups`, each with its weight (None: not given) and named as in `known`.

    `known` maps every target group there is to the type of its stickiness (`lb_cookie`, `app_cookie`), None where it is
    off. Paths begin with `"target_groups", index` or with `"target_group_stickiness_config"`.
    """
    if not target_groups:
        yield invalid("A target group must be specified")
    yield from quota_errors(TARGET_GROUPS_PER_ACTION, len(target_groups))
    several = len(target_groups) > 1
    seen: set[str] = set()
    for index, (name, weight) in enumerate(target_groups):
        if name not in known:
            what = f"Target group '{name}' not found"
            yield ElbError("TargetGroupNotFound", what, "target_groups", index, "target_group")
        if name in seen:
            what = f"Target group '{name}' was specified more than once"
            yield invalid(what, "target_groups", index, "target_group")
        seen.add(name)
        if weight is not None and not 0 <= weight <= WEIGHT_MAX:
            what = f"The weight '{weight}' of target group '{name}' must be between '0-{WEIGHT_MAX}' inclusive"
            yield invalid(what, "target_groups", index, "weight")
        if weight is None and several:
            what = f"A weight must be specified for target group '{name}'"
            yield invalid(what, "target_groups", index)
    yield from _group_stickiness_errors(enabled=stickiness_enabled, duration_s=stickiness_duration_s)
    if several:
        sticky = {name: known[name] for name, _ in target_groups if known.get(name) is not None}
        yield from _sticky_groups_errors(sticky, group_stickiness=stickiness_enabled)


def _group_stickiness_errors(*, enabled: bool, duration_s: int | None) -> Iterator[ElbError]:
    config = "target_group_stickiness_config"
    if enabled and duration_s is None:
        yield invalid("A 'DurationSeconds' must be specified if target group stickiness is enabled", config)
    if duration_s is not None and not 1 <= duration_s <= STICKINESS_DURATION_MAX_S:
        limits = f"between '1-{STICKINESS_DURATION_MAX_S}' inclusive"
        yield invalid(f"'DurationSeconds' value '{duration_s}' must be {limits}", config, "duration_seconds")


def _sticky_groups_errors(sticky: Mapping[str, str | None], *, group_stickiness: bool) -> Iterator[ElbError]:
    for name, kind in sticky.items():
        if kind == "app_cookie":
            what = f"Stickiness type 'app_cookie' of target group '{name}' is not supported with weighted target groups"
            yield ElbError("InvalidConfigurationRequest", what)
        elif not group_stickiness:
            what = f"Target group stickiness must be enabled, since target group '{name}' has stickiness enabled"
            yield ElbError("InvalidConfigurationRequest", what)


def association_errors(target_group: str, associated_with: str | None, load_balancer: str) -> Iterator[ElbError]:
    """A target group belongs to one load balancer, which `associated_with` names once it does (reference 1.5)."""
    if associated_with not in {None, load_balancer}:
        what = f"The following target groups cannot be associated with more than one load balancer: {target_group}"
        yield ElbError("TargetGroupAssociationLimit", what)


def redirect_errors(
    *,
    protocol: str,
    host: str,
    port: str,
    path: str,
    query: str,
    status_code: str,
    listener_protocol: str,
    listener_port: int,
) -> Iterator[ElbError]:
    """A redirect of a listener with `listener_protocol` and `listener_port`. Paths are the names of the members."""
    if protocol not in {"HTTP", "HTTPS", "#{protocol}"}:
        yield constraint("redirectConfig.protocol", protocol, r"satisfy pattern: ^(HTTPS?|#\{protocol\})$", "protocol")
    if status_code not in {"HTTP_301", "HTTP_302"}:
        enum = "satisfy enum value set: [HTTP_301, HTTP_302]"
        yield constraint("redirectConfig.statusCode", status_code, enum, "status_code")
    for member, value in (("host", host), ("path", path), ("query", query)):
        for error in _redirect_text_errors(member, value):
            yield error.within(member)
    if path and not path.startswith("/"):
        yield invalid(f"The redirect path '{path}' must start with '/'", "path")
    if query.startswith("?"):
        yield invalid(f"The redirect query '{query}' must not start with '?'", "query")
    if port != "#{port}" and not _is_port(port):
        yield invalid(f"The redirect port '{port}' must be between '1-65535' inclusive or '#{{port}}'", "port")
    if listener_protocol == "HTTPS" and protocol == "HTTP":
        yield ElbError("InvalidLoadBalancerAction", "A redirect from HTTPS to HTTP is not allowed", "protocol")
    if (
        protocol in {"#{protocol}", listener_protocol}
        and port in {"#{port}", str(listener_port)}
        and host == "#{host}"
        and path == "/#{path}"
    ):
        what = "The redirect creates a loop: you must modify at least one of protocol, host, port and path"
        yield ElbError("InvalidLoadBalancerAction", what)


def fixed_response_errors(
    *, status_code: str, message_body: str, content_type: str | None, position: int = 0
) -> Iterator[ElbError]:
    """A fixed response that is number `position` of its rule's actions. Paths are the names of the members."""
    if _FIXED_STATUS.fullmatch(status_code) is None:
        member = f"actions.{position + 1}.member.fixedResponseConfig.statusCode"
        yield constraint(member, status_code, r"satisfy regular expression pattern: ^(2|4|5)\d\d$", "status_code")
    if len(message_body) > MESSAGE_BODY_MAX:
        yield invalid(f"The 'MessageBody' value is too long; the limit is '{MESSAGE_BODY_MAX}'", "message_body")
    if content_type is not None and content_type not in CONTENT_TYPES:
        listed = ", ".join(f"'{kind}'" for kind in CONTENT_TYPES)
        yield ElbError("InvalidLoadBalancerAction", f"The ContentType must be one of:{listed}", "content_type")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535


def _redirect_text_errors(member: str, value: str) -> Iterator[ElbError]:
    if not value and member != "query":
        yield invalid(f"The redirect {member} cannot be empty")
    if len(value) > REDIRECT_TEXT_MAX:
        yield invalid(f"The redirect {member} is too long; the limit is '{REDIRECT_TEXT_MAX}'")
    # It is written into a header line: no spaces, no controls, nothing beyond ASCII.
    if not all("!" <= char <= "~" for char in value):
        what = "the allowed characters are visible ASCII characters (percent-encode the others)"
        yield invalid(f"The redirect {member} is invalid; {what}")
    for match in _PLACEHOLDER.finditer(value):
        if match[1] not in _KEYWORDS[member] or not match[0].endswith("}"):
            allowed = ", ".join(f"#{{{keyword}}}" for keyword in _KEYWORDS[member])
            yield invalid(f"The redirect {member} must not contain '{match[0]}'; it may contain {allowed}")
