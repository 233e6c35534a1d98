"""Identifiers: ARNs, ids and DNS names that stay the same from run to run (reference 1.1).

They are derived from what they name, so that a restarted instance has the same names in bookmarks, logs and scripts.
"""

from __future__ import annotations

import hashlib

ACCOUNT = "000000000000"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def resource_id(*parts: str) -> str:
    """The 16 lower-case hex digits by which AWS tells resources of one name apart."""
    return _digest(*parts)[:16]


def load_balancer_arn(region: str, name: str, lb_id: str) -> str:
    """ARN of an Application Load Balancer."""
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:loadbalancer/app/{name}/{lb_id}"


def listener_arn(region: str, name: str, lb_id: str, port: int) -> str:
    """ARN of the listener on `port`."""
    return (
        f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:listener/app/{name}/{lb_id}/{resource_id(lb_id, str(port))}"
    )


def target_group_arn(region: str, name: str) -> str:
    """ARN of a target group."""
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{name}/{resource_id(region, 'tg', name)}"


def instance_id(region: str, name: str) -> str:
    """`i-` and 17 hex digits, the id of the instance that a configuration calls `name`."""
    return f"i-0{_digest(region, 'instance', name)[:16]}"


def certificate_arn(region: str, names: tuple[str, ...]) -> str:
    """ARN of a certificate, from the names it covers."""
    digits = _digest(region, "certificate", *names)
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return f"arn:aws:acm:{region}:{ACCOUNT}:certificate/{uuid}"


def dns_name(region: str, name: str, *, internal: bool) -> str:
    """`<name>-<digits>.<region>.elb.localhost`, which browsers and curl resolve to loopback by themselves."""
    digits = int(_digest(region, "dns", name)[:12], 16) % 9_000_000_000 + 1_000_000_000
    prefix = "internal-" if internal else ""
    return f"{prefix}{name}-{digits}.{region}.elb.localhost"


def rule_arn(region: str, lb_name: str, lb_id: str, listener_port: int, priority: int) -> str:
    """ARN of the rule with `priority` of the listener on `listener_port`."""
    listener = resource_id(lb_id, str(listener_port))
    rule = resource_id(listener, "rule", str(priority))
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:listener-rule/app/{lb_name}/{lb_id}/{listener}/{rule}"
