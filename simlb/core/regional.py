"""What an instance has in each region, and how things are named when its configuration is in another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simlb.core import ids
from simlb.core.model import Action, Configuration, ForwardAction, Listener, LoadBalancer, TargetGroup
from simlb.core.registrations import Registration
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered

NOTHING = Configuration(load_balancers=(), target_groups={})


def in_region(configuration: Configuration, region: str) -> Configuration:
    """The load balancers and target groups of one region. The same object for the same configuration.

    What has no region in it, processes and instances, is the file's, and there only if the file's region is the only
    one: ask the whole configuration for those.
    """
    return _by_region(configuration).get(region, NOTHING)


def _split(configuration: Configuration) -> Mapping[str, Configuration]:
    balancers: dict[str, list[LoadBalancer]] = {}
    groups: dict[str, dict[str, TargetGroup]] = {}
    for balancer in configuration.load_balancers:
        balancers.setdefault(balancer.region, []).append(balancer)
    for name, group in configuration.target_groups.items():
        groups.setdefault(group.region, {})[name] = group
    regions = {**balancers, **groups}
    if len(regions) == 1:
        return dict.fromkeys(regions, configuration)
    return {
        region: Configuration(
            load_balancers=tuple(balancers.get(region, ())), target_groups=groups.get(region, NOTHING.target_groups)
        )
        for region in regions
    }


_by_region = Remembered(_split, LARGE_REMEMBERED_MAX)


# -- names -------------------------------------------------------------------------------------------------------------


def named_load_balancer(balancer: LoadBalancer, home: str) -> LoadBalancer:
    """One whose names, its own and those of its target groups, are AWS's, as an instance of `home` calls all that."""
    region = balancer.region
    if region == home:
        return balancer
    return replace(
        balancer,
        name=ids.name_here(home, region, balancer.name),
        listeners=tuple(_named_listener(listener, home, region) for listener in balancer.listeners),
    )


def named_target_group(group: TargetGroup, home: str) -> TargetGroup:
    """The same for a target group."""
    return group if group.region == home else replace(group, name=ids.name_here(home, group.region, group.name))


def named_registration(item: Registration, home: str, region: str) -> Registration:
    """The same for a registration in a target group of `region`."""
    return replace(item, target_group=ids.name_here(home, region, item.target_group))


def _named_listener(listener: Listener, home: str, region: str) -> Listener:
    return replace(
        listener,
        default_action=_named_action(listener.default_action, home, region),
        rules=tuple(replace(rule, action=_named_action(rule.action, home, region)) for rule in listener.rules),
    )


def _named_action(action: Action, home: str, region: str) -> Action:
    if not isinstance(action, ForwardAction):
        return action
    groups = tuple(
        replace(entry, target_group=ids.name_here(home, region, entry.target_group)) for entry in action.target_groups
    )
    return replace(action, target_groups=groups)
