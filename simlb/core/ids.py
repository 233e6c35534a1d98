"""Identifiers: ARNs, ids and DNS names that stay the same from run to run (reference 1.1).

They are derived from what they name, so that a restarted instance has the same names in bookmarks, logs and scripts.
"""

from __future__ import annotations

import hashlib

from simlb.core import regions

ACCOUNT = "000000000000"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def resource_id(*parts: str) -> str:
    """The 16 lower-case hex digits by which AWS tells resources of one name apart."""
    return _digest(*parts)[:16]


def region_of(arn: str) -> str:
    """The region that an ARN names; "" for what is no ARN, or of a service without regions."""
    parts = arn.split(":", 4)
    return parts[3] if parts[0] == "arn" and len(parts) > 4 else ""


def name_here(home: str, region: str, aws_name: str) -> str:
    """What an instance calls a load balancer or target group: one name for one thing, whatever its region.

    AWS's name, which is another's in another region; outside `home`, the region of the configuration, with its region
    before it: `us-east-1/web`.
    """
    return aws_name if region == home else f"{region}/{aws_name}"


def aws_name(name: str) -> str:
    """What AWS calls that load balancer or target group; see `name_here`."""
    return name.rpartition("/")[2]


def region_of_name(home: str, name: str) -> str:
    """The region of what has that name; see `name_here`."""
    return name.rpartition("/")[0] or home


def load_balancer_arn(region: str, name: str, lb_id: str) -> str:
    """ARN of an Application Load Balancer."""
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:loadbalancer/app/{name}/{lb_id}"


def listener_arn(region: str, name: str, lb_id: str, port: int) -> str:
    """ARN of the listener on `port`."""
    return (
        f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:listener/app/{name}/{lb_id}/{resource_id(lb_id, str(port))}"
    )


def new_listener_arn(load_balancer_arn: str, listener_id: str) -> str:
    """ARN of a listener that an API call creates: `listener_id` is not its port's, which may change."""
    return f"{load_balancer_arn.replace(':loadbalancer/', ':listener/')}/{listener_id}"


def new_rule_arn(listener_arn: str, rule_id: str) -> str:
    """ARN of a rule that an API call creates: `rule_id` is not its priority's, which may change."""
    return f"{listener_arn.replace(':listener/', ':listener-rule/')}/{rule_id}"


def load_balancer_arn_of(listener_arn: str) -> str:
    """ARN of the load balancer that a listener is of."""
    return listener_arn.rpartition("/")[0].replace(":listener/", ":loadbalancer/")


def target_group_arn(region: str, name: str, tg_id: str | None = None) -> str:
    """ARN of a target group; without an id of the configuration's own one."""
    tg_id = tg_id or resource_id(region, "tg", name)
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{name}/{tg_id}"


def instance_id(region: str, name: str) -> str:
    """`i-` and 17 hex digits, the id of the instance that a configuration calls `name`."""
    return f"i-0{_digest(region, 'instance', name)[:16]}"


def certificate_arn(region: str, names: tuple[str, ...]) -> str:
    """ARN of a certificate, from the names it covers."""
    digits = _digest(region, "certificate", *names)
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return f"arn:aws:acm:{region}:{ACCOUNT}:certificate/{uuid}"


def dns_name(region: str, name: str, *, internal: bool, lb_id: str = "") -> str:
    """`<name>-<digits>.<region>.elb.localhost`, which browsers and curl resolve to loopback by themselves.

    With `lb_id` the digits are that load balancer's, not those of its name.
    """
    digits = int(_digest(region, "dns", name, *([lb_id] if lb_id else []))[:12], 16) % 9_000_000_000 + 1_000_000_000
    prefix = "internal-" if internal else ""
    return f"{prefix}{name}-{digits}.{region}.elb.localhost"


def rule_arn(region: str, lb_name: str, lb_id: str, listener_port: int, priority: int) -> str:
    """ARN of the rule with `priority` of the listener on `listener_port`."""
    listener = resource_id(lb_id, str(listener_port))
    rule = resource_id(listener, "rule", str(priority))
    return f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:listener-rule/app/{lb_name}/{lb_id}/{listener}/{rule}"


def default_rule_arn(listener_arn: str) -> str:
    """ARN of a listener's default rule."""
    return f"{listener_arn.replace(':listener/', ':listener-rule/')}/{resource_id(listener_arn, 'default')}"


def vpc_id(region: str) -> str:
    """The VPC that everything of a region is in: `vpc-0` and 16 hex digits."""
    return f"vpc-0{resource_id(region, 'vpc')}"


def subnet_id(zone: str) -> str:
    """The subnet of an availability zone."""
    return f"subnet-0{resource_id(zone, 'subnet')}"


def security_group_id(region: str, load_balancer: str) -> str:
    """The security group of a load balancer of the configuration file, which is its own."""
    return f"sg-0{resource_id(region, 'sg', load_balancer)}"


def default_security_group_id(region: str) -> str:
    """The security group named `default` of the VPC."""
    return f"sg-0{resource_id(region, 'default sg')}"


def named_security_group_id(region: str, name: str) -> str:
    """A security group that was created with a name."""
    return f"sg-0{resource_id(region, 'named sg', name)}"


def security_group_rule_id(group_id: str, *key: object) -> str:
    """A rule of a security group, by what it says: `sgr-0` and 16 hex digits."""
    return f"sgr-0{resource_id(group_id, *map(str, key))}"


def internet_gateway_id(region: str) -> str:
    """The internet gateway of the VPC."""
    return f"igw-0{resource_id(region, 'igw')}"


def route_table_id(region: str) -> str:
    """The main route table of the VPC."""
    return f"rtb-0{resource_id(region, 'rtb')}"


def zones(region: str) -> tuple[str, ...]:
    """The availability zones of a region, as many as AWS has there. Whatever is on this machine is in the first one."""
    return regions.zones(region)


def zone_of(region: str, subnet: str) -> str | None:
    """The availability zone of a subnet of the VPC; None for what is no such subnet."""
    return next((zone for zone in zones(region) if subnet_id(zone) == subnet), None)


_HOSTED_ZONES = {
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-1": "Z368ELLRRE2KJ0",
    "us-west-2": "Z1H1FL5HABSF5",
    "ca-central-1": "ZQSVJUPU6J1EY",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-west-3": "Z3Q77PNBQS71R4",
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "eu-south-1": "Z3ULH7SSC9OV64",
    "ap-east-1": "Z3DQVH9N71FHZ0",
    "ap-northeast-1": "Z14GRHDCWA56QT",
    "ap-northeast-2": "ZWKZPGTI48KDX",
    "ap-northeast-3": "Z5LXEXXYW11ES",
    "ap-southeast-1": "Z1LMS91P8CMLE5",
    "ap-southeast-2": "Z1GM3OXH4ZPM65",
    "ap-south-1": "ZP97RAFLXTNZK",
    "sa-east-1": "Z2P70J7HTTTPLU",
    "me-south-1": "ZS929ML54UICD",
    "af-south-1": "Z268VQBMOI5EKX",
}


def hosted_zone_id(region: str) -> str:
    """`CanonicalHostedZoneId` of a region's load balancers: AWS's own, or `Z` and 13 signs where it is not known."""
    return _HOSTED_ZONES.get(region) or f"Z{_digest(region, 'hosted zone')[:13].upper()}"
