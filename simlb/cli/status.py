"""`simlb status`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from simlb.cli.spelling import short_path
from simlb.cli.targets import group_words, mode_words, target_lines
from simlb.cli.terminal import Style, columns, duration, line_width, wrapped
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import InstanceView, ListenerView, LoadBalancerView
from simlb.controlplane.words import counted
from simlb.errors import EXIT_FINE

NO_LOAD_BALANCERS = "no load balancers yet: make one with AWS's tools, which `simlb env` points here"


def status(arguments: Namespace) -> int:
    """Print how the instance stands."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if arguments.json:
        print(json.dumps(view.to_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(status_lines(view, Style.of(sys.stdout), width=line_width(sys.stdout))))
    return EXIT_FINE


def status_lines(view: InstanceView, style: Style, *, width: int | None = None) -> Iterator[str]:
    """The whole instance as text, its tables within `width` columns where they can be."""
    yield f"{style.bold('simlb ' + view.version)}  instance {view.name}  pid {view.pid}  up {_uptime(view)}"
    yield f"control port http://{view.control}/   CA {short_path(Path(view.ca_path)) if view.ca_path else '-'}"
    if view.dns is not None:
        yield f"DNS server {view.dns} (UDP, TCP)   hosted zones: {', '.join(view.hosted_zones) or '-'}"
    if not view.load_balancers:
        yield ""
        yield NO_LOAD_BALANCERS
    for load_balancer in view.load_balancers:
        yield ""
        yield from _load_balancer_lines(load_balancer, style)
    for group in view.target_groups:
        yield ""
        mode = mode_words(group)
        remarks = f"{_owner(group.owner, style)}{f'  {style.yellow(mode)}' if mode else ''}"
        yield f"target group {style.bold(group.name)}  {group_words(group)}{remarks}"
        yield f"  {style.dim(group.health_check.summary)}"
        for fault in group.faults:
            yield style.yellow(f"  fault {fault}")
        yield from target_lines(group.targets, style, speed=view.speed, width=width, indent="  ")
    if view.counters:
        yield ""
        yield from wrapped([f"{name} {count}" for name, count in view.counters.items()], width)
    for notice in view.notices:
        yield f"{style.yellow('!')} {notice}"


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def public_url(listener: ListenerView, name: str) -> str:
    """What a client on this machine types."""
    scheme = listener.protocol.lower()
    default = 443 if scheme == "https" else 80
    port = "" if listener.published_port == default else f":{listener.published_port}"
    return f"{scheme}://{name}{port}/"


def outcome(listener: ListenerView) -> str:
    """What becomes of a listener's requests: `→ forward web`, `2 rules, else → forward web`."""
    beside_default = len(listener.rules) - 1
    return (
        f"{counted(beside_default, 'rule')}, else → {listener.default_action}"
        if beside_default > 0
        else f"→ {listener.default_action}"
    )


def public_name(load_balancer: LoadBalancerView) -> str:
    """The name to show: the first of its own, else the DNS name."""
    return load_balancer.names[0] if load_balancer.names else load_balancer.dns_name


def _load_balancer_lines(load_balancer: LoadBalancerView, style: Style) -> Iterator[str]:
    owner = _owner(load_balancer.owner, style)
    yield f"load balancer {style.bold(load_balancer.name)}  {load_balancer.scheme}{owner}"
    yield f"  names {', '.join((*load_balancer.names, load_balancer.dns_name))}"
    rows = [
        (
            listener.name,
            public_url(listener, public_name(load_balancer)),
            listener.bind,
            outcome(listener),
            "" if listener.gate == "open" else f"gate {listener.gate}",
        )
        for listener in load_balancer.listeners
    ]
    if not rows:
        yield "  no listeners: nothing can connect"
    for line, listener in zip(columns(rows), load_balancer.listeners, strict=True):
        yield f"  {line}"
        for fault in listener.faults:
            yield style.yellow(f"    fault {fault}")
        if not is_loopback(listener.bind_host):
            yield style.red(f"  ⚠ {listener.bind} can be reached from the network")


def _owner(owner: str, style: Style) -> str:
    return "" if owner == "file" else f"  {style.dim('made through the API')}"


def _uptime(view: InstanceView) -> str:
    if view.speed == 1:
        return duration(view.uptime_s)
    return f"{duration(view.uptime_s)} AWS ({duration(view.real_uptime_s)} here, speed {view.speed:g})"
