"""How an instance stands, in the course's words: what was made through the API."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from simlb.app.elbv2 import PROVISIONING_S
from simlb.console.learning.facts import (
    BalancerStanding,
    CertificateStanding,
    ListenerStanding,
    Standing,
    TargetStanding,
)
from simlb.core.model.action import FixedResponseAction, ForwardAction, RedirectAction
from simlb.core.security_groups import DEFAULT_NAME
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simlb.app.application import App
    from simlb.core.model import LoadBalancer

_ACTIONS: Mapping[type, str] = {
    ForwardAction: "forward",
    RedirectAction: "redirect",
    FixedResponseAction: "fixed-response",
}
TARGETS_MAX = 200
"""A course has three. Somebody's thousand are not looked through at every change."""


def standing(app: App, known: Collection[str]) -> Standing:
    """As of now. A load balancer that is not `known` by its ARN is provisioning, as whoever made it was told, even if
    that is over by the time that somebody looks.
    """
    changes = app.changes
    return Standing(
        load_balancers=tuple(_balancer(app, balancer, known) for balancer in _own(app)),
        listeners=tuple(one for balancer in _own(app) for one in _listeners(app, balancer)),
        target_groups=len(changes.target_groups.keys() - changes.changed),
        targets=tuple(_targets(app)),
        certificates=tuple(
            CertificateStanding(status=one.status, region=one.region) for one in app.acm.held().values()
        ),
        security_groups=sum(group.name != DEFAULT_NAME for group in changes.security_groups.values()),
        hosted_zones=_zones(app),
        faults=frozenset(fault.words for fault in app.faults),
    )


def _zones(app: App) -> int:
    try:
        return len(app.names.zones())
    except SimlbError:
        return 0  # `simlb status` and the API say why they cannot be read


def balancers(app: App) -> frozenset[str]:
    """The ARNs of those that were made through the API."""
    return frozenset(balancer.arn for balancer in _own(app))


def _own(app: App) -> Iterator[LoadBalancer]:
    for balancer in app.configuration.load_balancers:
        if app.changes.owner(balancer.arn) == "api":
            yield balancer


def _balancer(app: App, balancer: LoadBalancer, known: Collection[str]) -> BalancerStanding:
    facts = app.changes.facts.get(balancer.arn)
    age_s = (time.time() - facts.created_at) * app.clock.speed if facts is not None else PROVISIONING_S
    return BalancerStanding(is_active=age_s >= PROVISIONING_S and balancer.arn in known, scheme=balancer.scheme)


def _listeners(app: App, balancer: LoadBalancer) -> Iterator[ListenerStanding]:
    node = app.nodes.get(balancer.name)
    for listener in balancer.listeners:
        opened = node.listeners.get(listener.port) if node is not None else None
        yield ListenerStanding(
            protocol=listener.protocol,
            port=listener.port,
            action=_ACTIONS[type(listener.default_action)],
            gate="" if opened is None else opened.gate.state,
        )


def _targets(app: App) -> Iterator[TargetStanding]:
    room = TARGETS_MAX
    for node in (*app.nodes.values(), app.spare):
        for group in node.groups.values():
            if app.changes.owner(group.group.arn) != "api":
                continue
            for state in group.targets.values():
                room -= 1
                if room < 0:
                    return
                health = state.health
                yield TargetStanding(
                    group=group.group.name,
                    target=state.target.name,
                    state=health.state,
                    reason=health.reason,
                    description=health.description,
                )
