"""What differs between two configurations, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from simlb.core.model import Configuration, Listener, LoadBalancer, TargetGroup

_NOTHING = "nothing has changed"


def differences(before: Configuration, after: Configuration) -> str:
    """`target group web: i-03 (127.0.0.1:9003) is new, health check; listener HTTPS:443 of my-alb: rules`."""
    return "; ".join((*_load_balancers(before, after), *_target_groups(before, after))) or _NOTHING


def _load_balancers(before: Configuration, after: Configuration) -> Iterator[str]:
    old = {one.name: one for one in before.load_balancers}
    new = {one.name: one for one in after.load_balancers}
    yield from _come_and_gone("load balancer ", dict.fromkeys(old), dict.fromkeys(new))
    for name in [name for name in new if name in old and new[name] is not old[name]]:
        yield from _load_balancer(old[name], new[name])


def _load_balancer(old: LoadBalancer, new: LoadBalancer) -> Iterator[str]:
    parts = [
        words
        for words, are_equal in (
            ("attributes", old.attributes == new.attributes),
            ("security group", old.security_group == new.security_group),
            ("names", (old.dns_name, old.names) == (new.dns_name, new.names)),
            ("scheme", old.scheme == new.scheme),
            ("address", old.address == new.address),
            ("address type", old.ip_address_type == new.ip_address_type),
        )
        if not are_equal
    ]
    if parts:
        yield f"load balancer {new.name}: {', '.join(parts)}"
    listeners = {one.port: one for one in old.listeners}, {one.port: one for one in new.listeners}
    names = [{f"{one.protocol}:{port} of {new.name}": None for port, one in side.items()} for side in listeners]
    yield from _come_and_gone("listener ", *names)
    for port, listener in listeners[1].items():
        was = listeners[0].get(port)
        if was is not None and was.protocol == listener.protocol and (words := ", ".join(_listener(was, listener))):
            yield f"listener {listener.protocol}:{port} of {new.name}: {words}"


def _listener(old: Listener, new: Listener) -> Iterator[str]:
    if old.default_action != new.default_action:
        yield "default action"
    if old.rules != new.rules:
        yield "rules"
    if old.certificates != new.certificates:
        yield "certificates"
    if old.ssl_policy != new.ssl_policy:
        yield "security policy"
    if old.mutual_authentication != new.mutual_authentication:
        yield "mutual authentication"
    if old.binds != new.binds:
        yield "bind"


def _target_groups(before: Configuration, after: Configuration) -> Iterator[str]:
    old, new = before.target_groups, after.target_groups
    yield from _come_and_gone("target group ", dict.fromkeys(old), dict.fromkeys(new))
    for name, group in new.items():
        if name in old and group is not old[name] and (words := ", ".join(_target_group(old[name], group))):
            yield f"target group {name}: {words}"


def _target_group(old: TargetGroup, new: TargetGroup) -> Iterator[str]:
    before, after = ({f"{target.name} ({target.address})": None for target in side.targets} for side in (old, new))
    yield from _come_and_gone("", before, after)
    if old.targets != new.targets and before == after:
        yield "where its targets listen"
    if old.health_check != new.health_check:
        yield "health check"
    if old.attributes != new.attributes:
        yield "attributes"
    if new != replace(old, health_check=new.health_check, attributes=new.attributes, targets=new.targets):
        yield "settings"


def _come_and_gone(what: str, old: dict[str, None], new: dict[str, None]) -> Iterator[str]:
    for name in new:
        if name not in old:
            yield f"{what}{name} is new"
    for name in old:
        if name not in new:
            yield f"{what}{name} is gone"
