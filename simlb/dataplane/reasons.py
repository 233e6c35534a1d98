"""Why a request went where it went: the chain of decisions of one exchange in words, made when somebody asks.

The exchange keeps what was decided from; rules are evaluated again, each with its reason, against the plan of then.
"""

from __future__ import annotations

from collections.abc import Iterator

from simlb.core import desync
from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect
from simlb.core.stickiness import StickinessVerdict
from simlb.core.target_group import Basis, RoutingMode
from simlb.dataplane.exchange import Exchange

_MODES = {
    RoutingMode.HEALTHY: "{candidates} of {registered} registered targets are healthy",
    RoutingMode.FAIL_OPEN: "too few targets are healthy: all {registered} registered ones get requests (fail open)",
    RoutingMode.NO_TARGETS: "no target is registered: 503",
    RoutingMode.UNUSED: "no listener uses the target group: 503",
    RoutingMode.ALL_INITIAL: "no target has passed a check yet: {outcome}",
}


def reasons(exchange: Exchange) -> tuple[str, ...]:
    """The decisions in their order, a sentence each."""
    return tuple(_reasons(exchange))


def _reasons(exchange: Exchange) -> Iterator[str]:
    if exchange.findings:
        desync_class, finding = desync.worst(exchange.findings)
        yield f"request head: {desync_class.label}, {finding}"
    decision = exchange.decision
    if decision is None:
        yield f"not given to the rules: {exchange.elb_status_code}"
        return
    for verdict in exchange.plan.rules.explain(exchange.head, exchange.facts.client_ip):
        name = "default rule" if verdict.rule is None else f"rule {verdict.priority}"
        yield f"{name}: {'matches' if verdict.is_match else verdict.mismatch}"
    action = decision.action
    if isinstance(action, CompiledForward):
        yield from _forward(exchange)
    elif isinstance(action, CompiledRedirect):
        yield f"redirect to {exchange.redirect_url}" if exchange.redirect_url else "redirect: its location is too long"
    else:
        assert isinstance(action, CompiledFixedResponse)
        yield f"fixed response {action.status_code}"


def _forward(exchange: Exchange) -> Iterator[str]:
    routing, basis = exchange.routing, exchange.basis
    if routing is not None:
        if routing.group_verdict is not StickinessVerdict.OFF:
            yield f"target group's cookie: {routing.group_verdict}"
        if routing.draw is not None:
            yield f"drawn by weight: {routing.draw}"
    if basis is None:
        # All weights are zero, or a reload has taken the group away since.
        yield "no target group gets the request: 503"
        return
    assert exchange.group is not None
    outcome = f"{len(basis.candidates)} get requests all the same" if basis.candidates else "503"
    words = _MODES[basis.mode].format(candidates=len(basis.candidates), registered=basis.registered, outcome=outcome)
    yield f"target group {exchange.group.group.name}: {words}"
    if routing is not None and routing.target_verdict is not StickinessVerdict.OFF:
        yield f"target's cookie: {routing.target_verdict}"
    if exchange.target is not None:
        yield _choice(exchange, basis)
    if exchange.transform_status is not None:
        changed = [
            f"{name} {value.decode('latin-1')}"
            for name, value in (("host", exchange.transformed_host), ("URL", exchange.transformed_uri))
            if value is not None
        ]
        yield f"transforms: {exchange.transform_status}{', ' if changed else ''}{', '.join(changed)}"
    if exchange.failure is not None:
        yield f"the target: {exchange.failure.value[0]}"


def _choice(exchange: Exchange, basis: Basis) -> str:
    target = exchange.target
    assert target is not None
    chosen = f"target {target.target.name} ({target.address}), {exchange.busy_with} in flight there"
    if exchange.routing is not None and exchange.routing.target_verdict is StickinessVerdict.KEPT:
        return f"{chosen}: as the cookie says"
    how = "round_robin with slow start" if basis.is_slow_starting else str(basis.algorithm)
    return f"{chosen}: by {how}"
