"""Priorities, transforms and quotas: AWS's codes and sentences (reference 1.3, 1.3.1, 1.6)."""

from __future__ import annotations

import pytest

from simlb.core import quotas
from simlb.core.model import Rewrite
from simlb.core.quotas import Quota
from simlb.core.validation import GivenTransform, priority_errors, quota_errors, transform_errors

PRIORITIES = [
    (1, []),
    (50000, []),
    (20, []),
    (10, [("PriorityInUse", "The specified priority is in use.")]),
    (0, [
        ("ValidationError", "1 validation error detected: Value '0' at 'priority' failed to satisfy constraint: "
                            "Member must have value greater than or equal to 1")
    ]),
    (50001, [
        ("ValidationError", "1 validation error detected: Value '50001' at 'priority' failed to satisfy constraint: "
                            "Member must have value less than or equal to 50000")
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("priority", "errors"), PRIORITIES)
def test_priorities_beside_a_rule_with_priority_10(priority: int, errors: list[tuple[str, str]]) -> None:
    assert [(error.code, error.message) for error in priority_errors(priority, {10})] == errors


def url(*rewrites: tuple[str, str]) -> GivenTransform:
    return transform("url-rewrite", *rewrites)


def host(*rewrites: tuple[str, str]) -> GivenTransform:
    return transform("host-header-rewrite", *rewrites)


def transform(kind: str, *rewrites: tuple[str, str]) -> GivenTransform:
    return GivenTransform(type=kind, rewrites=[Rewrite(regex=regex, replace=replace) for regex, replace in rewrites])


TRANSFORMS = [
    ([], []),
    ([url(("^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1"))], []),
    ([host(("^mywebsite-(.+).com$", "internal.dev.$1.myweb.com")), url(("^/(a)(b)", "/$2$1"))], []),
    ([url(("a" * 1024, "b" * 1024))], []),
    ([url(("a", "")), host(("b", "price$"))], []),
    ([url(("a", "b")), url(("c", "d"))], ["A rule can only have one 'url-rewrite' transform"]),
    ([host(("a", "b")), host(("c", "d"))], ["A rule can only have one 'host-header-rewrite' transform"]),
    ([transform("path-rewrite", ("a", "b"))], [
        "1 validation error detected: Value 'path-rewrite' at 'transforms.1.member.type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [host-header-rewrite, url-rewrite]"
    ]),
    ([url()], ["A 'url-rewrite' transform must have exactly one rewrite"]),
    ([url(("a", "b"), ("c", "d"))], ["A 'url-rewrite' transform must have exactly one rewrite"]),
    ([url(("", "b"))], ["A 'Regex' must be specified in a rewrite"]),
    ([url(("a" * 1025, "b"))], ["The 'Regex' value is too long; the limit is '1024'"]),
    ([url(("a", "b" * 1025))], ["The 'Replace' value is too long; the limit is '1024'"]),
    ([url(("(a", "b"))], ["The 'Regex' value '(a' is not a valid regular expression: missing ): (a"]),
    ([url(("(?=a)", "$1"))], [
        "The 'Regex' value '(?=a)' is not a valid regular expression: invalid perl operator: (?="
    ]),
    ([url(("a", "$1"))], ["The 'Replace' value refers to '$1', but the 'Regex' value has no capture groups"]),
    ([url(("(a)", "$2"))], ["The 'Replace' value refers to '$2', but the 'Regex' value has only '$1'"]),
    ([url(("(a)(b)", "$1$3"))], ["The 'Replace' value refers to '$3', but the 'Regex' value has '$1' to '$2'"]),
    ([url(("a", "/${9}"))], ["The 'Replace' value refers to '${9}', but the 'Regex' value has no capture groups"]),
    ([url(("a", "/é"))], ["The 'Replace' value may hold ASCII characters only"]),
    ([url(("(a)", "$0"))], ["The 'Replace' value refers to '$0', but the 'Regex' value has only '$1'"]),
    ([url(("(?:a)", "$1"))], ["The 'Replace' value refers to '$1', but the 'Regex' value has no capture groups"]),
    ([url(("(a)", f"${'9' * 30}"))], [
        f"The 'Replace' value refers to '${'9' * 30}', but the 'Regex' value has only '$1'"
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("transforms", "messages"), TRANSFORMS)
def test_transforms(transforms: list[GivenTransform], messages: list[str]) -> None:
    found = list(transform_errors(transforms))
    assert [error.message for error in found] == messages
    assert {error.code for error in found} <= {"ValidationError"}


def test_errors_of_transforms_know_their_place() -> None:
    errors = transform_errors([host(("a", "b")), url(("(", "b"))])
    assert [error.path for error in errors] == [(1, "rewrites", 0, "regex")]


REACHED = "You've reached the limit on the number of"
QUOTAS = [
    (quotas.LOAD_BALANCERS, 50, "TooManyLoadBalancers", f"{REACHED} load balancers per region"),
    (quotas.LISTENERS, 50, "TooManyListeners", f"{REACHED} listeners per load balancer"),
    (quotas.RULES, 100, "TooManyRules", f"{REACHED} rules per load balancer"),
    (quotas.CERTIFICATES, 25, "TooManyCertificates", f"{REACHED} certificates per load balancer"),
    (quotas.TARGET_GROUPS, 3000, "TooManyTargetGroups", f"{REACHED} target groups per region"),
    (quotas.TARGET_GROUPS_PER_LOAD_BALANCER, 100, "TooManyUniqueTargetGroupsPerLoadBalancer",
     f"{REACHED} unique target groups per load balancer"),
    (quotas.TARGET_GROUPS_PER_ACTION, 5, "TooManyTargetGroups", f"{REACHED} target groups per action"),
    (quotas.TARGETS_PER_LOAD_BALANCER, 1000, "TooManyTargets", f"{REACHED} targets per load balancer"),
    (quotas.TARGETS_PER_TARGET_GROUP, 1000, "TooManyTargets", f"{REACHED} targets per target group"),
    (quotas.VERIFYING_LISTENERS, 2, "InvalidConfigurationRequest",
     f"{REACHED} listeners per load balancer whose MutualAuthentication mode is 'verify'"),
    (quotas.TRUST_STORES, 20, "TooManyTrustStores", f"{REACHED} trust stores per region"),
    (quotas.CA_CERTIFICATES_PER_TRUST_STORE, 25, "InvalidCaCertificatesBundle",
     f"{REACHED} CA certificates per trust store"),
    (quotas.REVOCATION_ENTRIES_PER_TRUST_STORE, 500_000, "TooManyTrustStoreRevocationEntries",
     f"{REACHED} revocation entries per trust store"),
    (quotas.ACTIONS_PER_RULE, 2, "TooManyActions", f"{REACHED} actions per rule"),
    (quotas.CONDITION_VALUES_PER_RULE, 5, "ValidationError", "A rule can only have '5' condition values"),
    (quotas.CONDITION_WILDCARDS_PER_RULE, 6, "ValidationError", "A rule can only have '6' condition wildcards"),
]  # fmt: skip


@pytest.mark.parametrize(("quota", "limit", "code", "message"), QUOTAS)
def test_one_too_many(quota: Quota, limit: int, code: str, message: str) -> None:
    assert list(quota_errors(quota, limit)) == []
    assert [(error.code, error.message) for error in quota_errors(quota, limit + 1)] == [(code, message)]


def test_every_quota_is_in_the_table_above() -> None:
    assert {id(item) for item in vars(quotas).values() if isinstance(item, Quota)} == {id(row[0]) for row in QUOTAS}
