"""`simlb url`: where the listeners really are."""

from __future__ import annotations

import difflib
import json
from argparse import Namespace
from collections.abc import Iterable

from simlb.cli.terminal import columns
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.urls import listener_url
from simlb.controlplane.views import InstanceView, ListenerView, LoadBalancerView, host_of
from simlb.errors import EXIT_FINE, SimlbError


def url(arguments: Namespace) -> int:
    """Print the URLs of a load balancer, or whose they are with those of all."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if arguments.name is not None:
        chosen = [_named(view, arguments.name)]
        if not chosen[0].listeners:
            raise SimlbError(
                "E801",
                f"Load balancer '{arguments.name}' has no listeners: nothing can connect to it.",
                "→ aws elbv2 create-listener, or listeners: in simlb.yaml and simlb reload",
            )
    else:
        chosen = list(view.load_balancers)
    found = [(balancer, listener) for balancer in chosen for listener in balancer.listeners]
    if arguments.json:
        print(json.dumps([_row(*each) for each in found], indent=2))
    elif arguments.name is not None:
        print("\n".join(one for each in found for one in _urls(*each)))
    else:
        _print_all(found)
    return EXIT_FINE


def _print_all(found: Iterable[tuple[LoadBalancerView, ListenerView]]) -> None:
    rows = [(balancer.name, listener.name, one) for balancer, listener in found for one in _urls(balancer, listener)]
    for line in columns(rows):
        print(line)


def _named(view: InstanceView, name: str) -> LoadBalancerView:
    balancers = {balancer.name: balancer for balancer in view.load_balancers}
    if name not in balancers:
        near = difflib.get_close_matches(name, balancers, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(balancers) or 'none'}"
        raise SimlbError("E800", f"There is no load balancer '{name}'.", hint)
    return balancers[name]


def _urls(balancer: LoadBalancerView, listener: ListenerView) -> tuple[str, ...]:
    names = (*balancer.names, balancer.dns_name)
    first = listener_url(listener.protocol, listener.bind_host, listener.published_port, names)
    # The address says that it is IPv6; where others are there too, only a name leads to this one.
    by_name = names if listener.shares_with else ()
    further = (
        listener_url(listener.protocol, host_of(bind), listener.published_port, by_name)
        for bind in listener.further_binds
    )
    return tuple(dict.fromkeys((first, *further)))


def _row(balancer: LoadBalancerView, listener: ListenerView) -> dict[str, object]:
    first, *further = _urls(balancer, listener)
    row: dict[str, object] = {"load_balancer": balancer.name, "listener": listener.name, "url": first}
    return row | {"further_urls": further} if further else row
