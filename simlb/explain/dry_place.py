"""Where a request would arrive: which load balancer, by its name or address, and which of its listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simlb.core.model import LoadBalancer
from simlb.core.server_names import canonical
from simlb.dataplane.listener import OpenListener
from simlb.dataplane.node import LoadBalancerNode
from simlb.errors import SimlbError


class Place(NamedTuple):
    """`listener` is None when the load balancer has none at that port."""

    load_balancer: str
    node: LoadBalancerNode
    listener: OpenListener | None


def locate(
    models: Mapping[str, LoadBalancer],
    nodes: Mapping[str, LoadBalancerNode],
    host: str,
    port: int,
    load_balancer: str | None = None,
) -> Place:
    """The load balancer that `host` leads to: by its name, its address, or because there is no other.

    `port` is a listener's own or its published one. Raises SimlbError E756 where several could be meant.
    """
    if load_balancer is not None:
        if load_balancer not in nodes:
            raise SimlbError("E756", f"There is no load balancer '{load_balancer}'.", f"there are: {', '.join(nodes)}")
        return _place(load_balancer, nodes, port)
    wanted = canonical(host)
    named = [name for name, node in nodes.items() if _leads_to(models[name], node, wanted)]
    candidates = named or list(nodes)
    if len(candidates) > 1:
        candidates = [name for name in candidates if _place(name, nodes, port).listener is not None] or candidates
    if len(candidates) > 1:
        candidates = _sharing(nodes, candidates, wanted, port) or candidates
    if len(candidates) == 1:
        return _place(candidates[0], nodes, port)
    raise SimlbError(
        "E756",
        f"{host}:{port} could be any of these load balancers: {', '.join(candidates)}.",
        *(f"--load-balancer {name}" for name in candidates),
    )


def _leads_to(model: LoadBalancer, node: LoadBalancerNode, host: str) -> bool:
    names = {canonical(name) for name in (model.dns_name, *model.names)}
    doors = [door for listener in node.listeners.values() for door in listener.doors]
    return host in names or any(canonical(door.host) == host for door in doors)


def _sharing(nodes: Mapping[str, LoadBalancerNode], candidates: list[str], host: str, port: int) -> list[str]:
    """Of load balancers that share the place where the request arrives, the one that gets those who name none."""
    listeners = [_place(name, nodes, port).listener for name in candidates]
    first, *others = [listener.doors if listener is not None else () for listener in listeners]
    common = [door for door in first if all(door in doors for doors in others)]
    there = [door for door in common if canonical(door.host) == host or len(first) == 1]
    return [there[0].tenants[0].listener.plan.load_balancer.name] if there else []


def _place(name: str, nodes: Mapping[str, LoadBalancerNode], port: int) -> Place:
    node = nodes[name]
    listener = node.listeners.get(port)
    if listener is None:
        listener = next((one for one in node.listeners.values() if one.published_port == port), None)
    return Place(name, node, listener)
