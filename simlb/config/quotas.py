"""What a file has too many of, by AWS's quotas (reference 1.6)."""

from __future__ import annotations

from collections.abc import Mapping

from simlb.config.context import Context
from simlb.config.documents import ConfigFile, LoadBalancerEntry
from simlb.core import model, quotas
from simlb.core.quotas import Quota
from simlb.core.validation import quota_errors


def check_quotas(context: Context, file: ConfigFile, configuration: model.Configuration) -> None:
    """Note a problem for every quota that `configuration`, compiled from `file`, goes beyond."""
    groups = configuration.target_groups
    _check(context, quotas.LOAD_BALANCERS, len(file.load_balancers), file, "load_balancers")
    _check(context, quotas.TARGET_GROUPS, len(file.target_groups), file, "target_groups")
    for group in file.target_groups:
        _check(context, quotas.TARGETS_PER_TARGET_GROUP, len(group.targets), group, "targets")
    compiled = {balancer.name: balancer for balancer in configuration.load_balancers}
    for entry in file.load_balancers:
        _check_load_balancer(context, entry, compiled[entry.name], groups)


def _check_load_balancer(
    context: Context,
    entry: LoadBalancerEntry,
    balancer: model.LoadBalancer,
    groups: Mapping[str, model.TargetGroup],
) -> None:
    rules = sum(len(listener.rules) for listener in entry.listeners)
    certificates = sum(max(len(listener.certificates or ()) - 1, 0) for listener in entry.listeners)
    forwarded_to = balancer.target_group_names()
    targets = sum(len(groups[name].targets) for name in forwarded_to if name in groups)
    _check(context, quotas.LISTENERS, len(entry.listeners), entry, "listeners")
    _check(context, quotas.RULES, rules, entry, "listeners")
    _check(context, quotas.CERTIFICATES, certificates, entry, "listeners")
    _check(context, quotas.TARGET_GROUPS_PER_LOAD_BALANCER, len(forwarded_to), entry, "listeners")
    _check(context, quotas.TARGETS_PER_LOAD_BALANCER, targets, entry, "listeners")


def _check(context: Context, quota: Quota, count: int, entry: object, key: str) -> None:
    for error in quota_errors(quota, count):
        context.refuse(error, entry, key, hints=[f"the limit is {quota.limit}; here are {count}"])
