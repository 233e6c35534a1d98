"""How many there may be: AWS's default quotas, each with the error of the one too many (reference 1.6) - one table.

Only quotas that something is checked against are listed. `name` is the quota's in DescribeAccountLimits, None where
that operation does not tell it. Sentences that reference 9.3 lacks follow the one it has, for certificates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.core.validation.errors import ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """At most `limit`; beyond it AWS answers with `code` and `message`."""

    name: str | None
    limit: int
    code: ErrorCode
    message: str


def _reached(what: str) -> str:
    return f"You've reached the limit on the number of {what}"


LOAD_BALANCERS = Quota(
    name="application-load-balancers",
    limit=50,
    code="TooManyLoadBalancers",
    message=_reached("load balancers per region"),
)
LISTENERS = Quota(
    name="listeners-per-application-load-balancer",
    limit=50,
    code="TooManyListeners",
    message=_reached("listeners per load balancer"),
)
RULES = Quota(
    name="rules-per-application-load-balancer",
    limit=100,
    code="TooManyRules",
    message=_reached("rules per load balancer"),
)
"""Of all listeners together; default rules are not counted."""

CERTIFICATES = Quota(
    name="certificates-per-application-load-balancer",
    limit=25,
    code="TooManyCertificates",
    message=_reached("certificates per load balancer"),
)
"""Of all listeners together; default certificates are not counted."""

VERIFYING_LISTENERS = Quota(
    name=None,
    limit=2,
    code="InvalidConfigurationRequest",
    message=_reached("listeners per load balancer whose MutualAuthentication mode is 'verify'"),
)
TRUST_STORES = Quota(name=None, limit=20, code="TooManyTrustStores", message=_reached("trust stores per region"))
CA_CERTIFICATES_PER_TRUST_STORE = Quota(
    name=None,
    limit=25,
    code="InvalidCaCertificatesBundle",
    message=_reached("CA certificates per trust store"),
)
REVOCATION_ENTRIES_PER_TRUST_STORE = Quota(
    name=None,
    limit=500_000,
    code="TooManyTrustStoreRevocationEntries",
    message=_reached("revocation entries per trust store"),
)
TARGET_GROUPS = Quota(
    name="target-groups",
    limit=3000,
    code="TooManyTargetGroups",
    message=_reached("target groups per region"),
)
TARGET_GROUPS_PER_LOAD_BALANCER = Quota(
    name="target-groups-per-application-load-balancer",
    limit=100,
    code="TooManyUniqueTargetGroupsPerLoadBalancer",
    message=_reached("unique target groups per load balancer"),
)
TARGET_GROUPS_PER_ACTION = Quota(
    name="target-groups-per-action-on-application-load-balancer",
    limit=5,
    code="TooManyTargetGroups",
    message=_reached("target groups per action"),
)
TARGETS_PER_LOAD_BALANCER = Quota(
    name="targets-per-application-load-balancer",
    limit=1000,
    code="TooManyTargets",
    message=_reached("targets per load balancer"),
)
TARGETS_PER_TARGET_GROUP = Quota(
    name="targets-per-target-group",
    limit=1000,
    code="TooManyTargets",
    message=_reached("targets per target group"),
)
ACTIONS_PER_RULE = Quota(name=None, limit=2, code="TooManyActions", message=_reached("actions per rule"))
"""One that authenticates and one that ends the matter (reference 1.4)."""

CONDITION_VALUES_PER_RULE = Quota(
    name="condition-values-per-alb-rule",
    limit=5,
    code="ValidationError",
    message="A rule can only have '5' condition values",
)
CONDITION_WILDCARDS_PER_RULE = Quota(
    name="condition-wildcards-per-alb-rule",
    limit=6,
    code="ValidationError",
    message="A rule can only have '6' condition wildcards",
)
"""The quota page says 6, the page on conditions 5 (reference 11, point 10)."""

NAMED = {
    quota.name: quota
    for quota in (
        LOAD_BALANCERS,
        TARGET_GROUPS,
        TARGETS_PER_LOAD_BALANCER,
        LISTENERS,
        RULES,
        CONDITION_VALUES_PER_RULE,
        CONDITION_WILDCARDS_PER_RULE,
        TARGET_GROUPS_PER_LOAD_BALANCER,
        TARGET_GROUPS_PER_ACTION,
        CERTIFICATES,
        TARGETS_PER_TARGET_GROUP,
    )
    if quota.name is not None
}
"""What DescribeAccountLimits tells, in its order."""
