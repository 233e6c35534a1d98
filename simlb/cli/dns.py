"""`simlb dns`: where the instance's DNS server is, and how to ask it."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator

from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import InstanceView
from simlb.errors import EXIT_FINE, SimlbError


def dns(arguments: Namespace) -> int:
    """Print it."""
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        view = client.status()
    if view.dns is None:
        raise SimlbError(
            "E837",
            "No DNS server runs: there is no hosted zone, and no port was asked for.",
            "→ aws route53 create-hosted-zone --name shop.test --caller-reference 1        → simlb up --dns-port 0",
        )
    if arguments.json:
        print(json.dumps({"dns": view.dns, "hosted_zones": view.hosted_zones}, indent=2))
    else:
        print("\n".join(dns_lines(view)))
    return EXIT_FINE


def dns_lines(view: InstanceView) -> Iterator[str]:
    """The server, the zones, and what to ask it for a start: names that have an answer."""
    assert view.dns is not None
    host, _, port = view.dns.rpartition(":")
    yield f"DNS server {view.dns} (UDP, TCP)"
    for zone in view.hosted_zones:
        yield f"  hosted zone {zone}"
    asked = [f"{zone.removesuffix('.')} ANY" for zone in view.hosted_zones[:1]]
    asked += [f"{balancer.dns_name} A" for balancer in view.load_balancers[:1]]
    for question in asked or ["elb.localhost SOA"]:
        yield f"→ dig @{host} -p {port} {question}"
