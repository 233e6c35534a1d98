"""How many of everything one load balancer may have (reference 1.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simlb.core import quotas
from simlb.core.model import Listener, LoadBalancer, TargetGroup
from simlb.core.validation.errors import ElbError, quota_errors


def load_balancer_quota_errors(balancer: LoadBalancer, groups: Mapping[str, TargetGroup]) -> Iterator[ElbError]:
    """Every quota that `balancer` goes beyond. `groups` are all target groups by name."""
    forwarded_to = balancer.target_group_names()
    counts = {
        quotas.LISTENERS: len(balancer.listeners),
        quotas.RULES: sum(len(listener.rules) for listener in balancer.listeners),
        quotas.CERTIFICATES: sum(len(listener.certificates[1:]) for listener in balancer.listeners),
        quotas.VERIFYING_LISTENERS: sum(_verifies(listener) for listener in balancer.listeners),
        quotas.TARGET_GROUPS_PER_LOAD_BALANCER: len(forwarded_to),
        quotas.TARGETS_PER_LOAD_BALANCER: sum(len(groups[name].targets) for name in forwarded_to),
    }
    for quota, count in counts.items():
        yield from quota_errors(quota, count)


def _verifies(listener: Listener) -> bool:
    mutual = listener.mutual_authentication
    return mutual is not None and mutual.mode == "verify"
