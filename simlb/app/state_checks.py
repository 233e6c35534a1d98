"""What a state may hold that comes in from outside: the same that API calls may make, in AWS's sentences."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from simlb.config import names
from simlb.config.problems import Refused
from simlb.controlplane.ec2.permissions import rule_id
from simlb.core import ids, quotas, ssl_policies
from simlb.core.changes import Changes
from simlb.core.model import (
    FIELDS,
    TRAFFIC_PORT,
    Action,
    Bind,
    Condition,
    Configuration,
    FixedResponseAction,
    ForwardAction,
    Listener,
    LoadBalancer,
    Protocol,
    QueryStringCondition,
    RedirectAction,
    Rule,
    SourceIpCondition,
    Target,
    TargetGroup,
)
from simlb.core.quotas import Quota
from simlb.core.registrations import Registration
from simlb.core.security_groups import NamedSecurityGroup
from simlb.core.validation import (
    GivenCondition,
    GivenTransform,
    fixed_response_errors,
    forward_errors,
    mutual_authentication_errors,
    priority_errors,
    quota_errors,
    redirect_errors,
    rule_condition_errors,
    transform_errors,
)
from simlb.core.validation.errors import ElbError

PORT_MAX = 65535
_PROTOCOLS = frozenset({"tcp", "udp", "icmp", "icmpv6", "-1"})
_RULE_ID = re.compile(r"sgr-[0-9a-f]{17}")
_YEAR_3000 = 32_503_680_000


def load_balancer_problems(balancer: LoadBalancer, configuration: Configuration, exposed: str | None) -> Iterator[str]:
    """Everything wrong with a load balancer among the rest of `configuration`."""
    where = f"load balancer {balancer.name}"
    yield from _refusals(where, names.load_balancer_name, balancer.aws_name)
    yield from _refusals(where, names.region_name, balancer.region)
    for name in (balancer.dns_name, *balancer.names):
        yield from _refusals(where, names.dns_name, name)
    others = (other for other in configuration.load_balancers if other.arn != balancer.arn)
    if taken := {name for other in others for name in (other.name, other.dns_name, *other.names)} & {
        balancer.name,
        balancer.dns_name,
        *balancer.names,
    }:
        yield f"{where}: '{min(taken)}' is another load balancer's"
    if balancer.arn != ids.load_balancer_arn(balancer.region, balancer.aws_name, balancer.id):
        yield f"{where}: its ARN, its name, its id and the region {balancer.region} do not go together"
    ports = [listener.port for listener in balancer.listeners]
    if len(set(ports)) < len(ports):
        yield f"{where}: two of its listeners have the same port"
    for listener in balancer.listeners:
        for problem in _listener_problems(balancer, listener, configuration.target_groups, exposed):
            yield f"{where}, listener {listener.port}: {problem}"
    groups = balancer.target_group_names()
    targets = sum(len(group.targets) for group in configuration.target_groups.values() if group.name in groups)
    yield from _beyond(where, quotas.LISTENERS, len(ports))
    yield from _beyond(where, quotas.RULES, sum(len(listener.rules) for listener in balancer.listeners))
    further = sum(max(len(listener.certificates) - 1, 0) for listener in balancer.listeners)
    yield from _beyond(where, quotas.CERTIFICATES, further)
    yield from _beyond(where, quotas.TARGET_GROUPS_PER_LOAD_BALANCER, len(groups))
    yield from _beyond(where, quotas.TARGETS_PER_LOAD_BALANCER, targets)


def target_group_problems(group: TargetGroup, configuration: Configuration) -> Iterator[str]:
    """Everything wrong with a target group."""
    where = f"target group {group.name}"
    yield from _refusals(where, names.target_group_name, group.aws_name)
    yield from _refusals(where, names.region_name, group.region)
    present = configuration.target_groups.get(group.name)
    if present is not None and present.arn != group.arn:
        yield f"{where}: there is another one of that name"
    prefix, _, _ = ids.target_group_arn(group.region, group.aws_name).rpartition("/")
    if group.arn.rpartition("/")[0] != prefix:
        yield f"{where}: its ARN and its name do not go together"
    if group.targets:
        yield f"{where}: its targets are records of their own"
    check = group.health_check
    if not (_is_port(group.port) and (check.port == TRAFFIC_PORT or _is_port(check.port))):
        yield f"{where}: a port is from 1 to {PORT_MAX}"
    if not 0 < check.timeout_s < check.interval_s <= 300:
        yield f"{where}: its health check has to end before the next one, and an interval has at most 300 seconds"
    if not (2 <= check.healthy_threshold_count <= 10 and 2 <= check.unhealthy_threshold_count <= 10):
        yield f"{where}: thresholds are from 2 to 10"
    if not (check.path.startswith("/") and check.path.isascii() and check.path.isprintable() and " " not in check.path):
        yield f"{where}: '{check.path}' is not a path"
    yield from _beyond(where, quotas.TARGETS_PER_TARGET_GROUP, 0 if present is None else len(present.targets))


def registration_problems(
    item: Registration,
    groups: Mapping[str, TargetGroup],
    is_allowed: Callable[[Target], bool],
    *,
    home: str,
    is_of_file: bool,
) -> Iterator[str]:
    """Everything wrong with a target that is to be registered. Nobody but the file starts processes.

    `is_of_file`: it is an instance of the file's, which is in the region `home`, and will be where the file has it.
    """
    where = f"target {item.words} of {item.target_group}"
    target = item.target
    if item.target_group not in groups:
        yield f"{where}: there is no such target group"
        return
    if is_of_file and groups[item.target_group].region != home:
        yield f"{where}: that instance is in {home}"
    if target.process is not None and not is_of_file:
        yield f"{where}: commands come only from the configuration file"
    if not (_is_port(target.port) and _is_port(target.dial_port)):
        yield f"{where}: a port is from 1 to {PORT_MAX}"
    elif not is_allowed(target):
        yield f"{where}: that address is not on this machine, and no allow_targets names it"
    if target.dial_host != "localhost" and target.dial_host != target.ip:
        yield f"{where}: it would be connected to at {target.dial_host}"
    yield from _refusals(where, lambda name: names.resource_name("Target", name), target.name)
    if sum(present.key == target.key for present in groups[item.target_group].targets) > 1:
        yield f"{where}: it is registered twice"


def security_group_problems(group: NamedSecurityGroup) -> Iterator[str]:
    """Everything wrong with a security group."""
    yield from _refusals(f"security group {group.id}", names.region_name, group.region)
    rules = Counter(rule_id(group, rule, is_egress=False) for rule in group.rules)
    rules.update(rule_id(group, rule, is_egress=True) for rule in group.outbound)
    for name, count in rules.items():
        if count > 1 or _RULE_ID.fullmatch(name) is None:
            yield f"security group {group.id}: '{name}' is no id of a rule, or that of several"
    for rule in (*group.rules, *group.outbound):
        first, last = rule.from_port, rule.to_port
        if rule.protocol not in _PROTOCOLS and not (rule.protocol.isascii() and rule.protocol.isdigit()):
            yield f"security group {group.id}: '{rule.protocol}' is no protocol"
        if rule.protocol in {"tcp", "udp"} and not (
            first is not None and last is not None and 0 <= first <= last <= PORT_MAX
        ):
            yield f"security group {group.id}: a rule for {rule.protocol} is for ports from 0 to {PORT_MAX}"


def stray_problems(changes: Changes, file: Configuration) -> Iterator[str]:
    """Tags and facts of what is not there, and facts that are none."""
    for arn, facts in changes.facts.items():
        if not 0 <= facts.created_at < _YEAR_3000:
            yield f"facts of {arn}: {facts.created_at} is no time"
    kept = changes.without_strays(file)
    for arn in (changes.tags.keys() - kept.tags.keys()) | (changes.facts.keys() - kept.facts.keys()):
        yield f"tags or facts of {arn}: there is nothing of that ARN here"


def count_problems(configuration: Configuration) -> Iterator[str]:
    """What there is too much of in all."""
    balancers = Counter(balancer.region for balancer in configuration.load_balancers)
    groups = Counter(group.region for group in configuration.target_groups.values())
    for quota, counts in ((quotas.LOAD_BALANCERS, balancers), (quotas.TARGET_GROUPS, groups)):
        for region, count in counts.items():
            yield from _beyond(f"all together in {region}", quota, count)


def _listener_problems(
    balancer: LoadBalancer, listener: Listener, groups: Mapping[str, TargetGroup], exposed: str | None
) -> Iterator[str]:
    prefix = ids.listener_arn(balancer.region, balancer.aws_name, balancer.id, listener.port).rpartition("/")[0]
    if listener.arn.rpartition("/")[0] != prefix:
        yield "its ARN is not that of a listener of this load balancer"
    if not _is_port(listener.port):
        yield f"a port is from 1 to {PORT_MAX}"
    if not listener.binds or not all(_is_near(bind, exposed) for bind in listener.binds):
        yield "it would listen beyond loopback, or nowhere"
    if listener.ssl_policy not in ssl_policies.POLICIES:
        yield f"SSL policy '{listener.ssl_policy}' not found"
    elif refused := ssl_policies.refusal(listener.ssl_policy):
        yield refused
    if (listener.protocol is Protocol.HTTPS) is not bool(listener.certificates):
        yield "an HTTPS listener has certificates, an HTTP listener none"
    yield from _sentences(mutual_authentication_errors(listener.protocol, listener.mutual_authentication))
    yield from _sentences(_action_errors(listener.default_action, listener, groups))
    taken: set[int] = set()
    prefix = listener.arn.replace(":listener/", ":listener-rule/")
    for rule in listener.rules:
        if rule.arn.rpartition("/")[0] != prefix:
            yield f"rule {rule.priority}: its ARN is not that of a rule of this listener"
        for sentence in _sentences(_rule_errors(rule, listener, groups, taken)):
            yield f"rule {rule.priority}: {sentence}"
        taken.add(rule.priority)


def _rule_errors(
    rule: Rule, listener: Listener, groups: Mapping[str, TargetGroup], taken: set[int]
) -> Iterator[ElbError]:
    yield from priority_errors(rule.priority, taken)
    yield from rule_condition_errors([_given(condition) for condition in rule.conditions])
    transforms = (("host-header-rewrite", rule.host_header_rewrite), ("url-rewrite", rule.url_rewrite))
    yield from transform_errors(
        [GivenTransform(type=kind, rewrites=[rewrite]) for kind, rewrite in transforms if rewrite is not None]
    )
    yield from _action_errors(rule.action, listener, groups)


def _action_errors(action: Action, listener: Listener, groups: Mapping[str, TargetGroup]) -> Iterator[ElbError]:
    match action:
        case ForwardAction():
            known = {
                name: group.attributes.stickiness_type if group.attributes.stickiness_enabled else None
                for name, group in groups.items()
            }
            yield from forward_errors(
                [(entry.target_group, entry.weight) for entry in action.target_groups],
                stickiness_enabled=action.stickiness_duration_s is not None,
                stickiness_duration_s=action.stickiness_duration_s,
                known=known,
            )
        case RedirectAction():
            yield from redirect_errors(
                protocol=action.protocol,
                host=action.host,
                port=action.port,
                path=action.path,
                query=action.query,
                status_code=action.status_code,
                listener_protocol=listener.protocol,
                listener_port=listener.port,
            )
        case FixedResponseAction():
            yield from fixed_response_errors(
                status_code=str(action.status_code),
                message_body=action.message_body,
                content_type=action.content_type,
            )


def _given(condition: Condition) -> GivenCondition:
    """A condition as a call would have given it."""
    field = FIELDS[type(condition)]
    if isinstance(condition, QueryStringCondition):
        return GivenCondition(field=field, pairs=[(pair.key, pair.value) for pair in condition.values])
    if isinstance(condition, SourceIpCondition):
        return GivenCondition(field=field, values=[str(network) for network in condition.values])
    return GivenCondition(
        field=field,
        values=condition.values or None,
        regex_values=getattr(condition, "regex_values", None) or None,
        http_header_name=getattr(condition, "http_header_name", None),
    )


def _sentences(errors: Iterable[ElbError]) -> Iterator[str]:
    for error in errors:
        yield error.message


def _refusals(where: str, check: Callable[[str], object], value: str) -> Iterator[str]:
    try:
        check(value)
    except Refused as refused:
        yield f"{where}: {refused.what}"


def _beyond(where: str, quota: Quota, count: int) -> Iterator[str]:
    for error in quota_errors(quota, count):
        yield f"{where}: {error.message} (the limit is {quota.limit}; here are {count})"


def _is_near(bind: Bind, exposed: str | None) -> bool:
    try:
        address = ipaddress.ip_address(bind.host)
    except ValueError:
        return False
    return 0 <= bind.port <= PORT_MAX and (address.is_loopback or bind.host == exposed)


def _is_port(number: int | str) -> bool:
    return isinstance(number, int) and 1 <= number <= PORT_MAX
