"""The API: how long calls take, how long a change keeps traffic waiting, and how long a restart takes.

All of it on one state, made by calls: 50 load balancers with 50 rules each, of which one has 100 rules over 5 target
groups with 1,000 targets. The state is on disk, as it is for users; every changing call waits for its commit.
`python -m bench --rows --proxies --no-memory --no-commands` measures it alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import system
from bench.api_instance import REGION, ApiInstance, Parameters, arn, flat
from bench.beat import PATH, Beat, Beating, longest_ms
from bench.proxies import free_ports
from simlb.core import ids

CALL_GOAL_MS = 5.0
STALL_GOAL_MS = 10.0
RESTART_GOAL_S = 1.0

LOAD_BALANCERS, RULES = 50, 50
LARGE_RULES, LARGE_GROUPS, TARGETS = 100, 5, 1000
CALLS, CHANGES, RESTARTS = 60, 12, 5
SETTLING_S = 0.05
"""A change is done when its answer is there; what it leaves to do, such as first probes, is not over by then."""


@dataclass(slots=True)
class CallFigures:
    """Of one operation: milliseconds until the answer, and of them the CPU time of simlb, all of its threads."""

    ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ApiFigures:
    """What was measured: calls by operation, stalls by kind of change in milliseconds, seconds of restarts."""

    calls: dict[str, CallFigures] = field(default_factory=dict)
    stalls: dict[str, list[float]] = field(default_factory=dict)
    restarts: list[float] = field(default_factory=list)


class _Estate:
    """The state, made in an instance. The large load balancer is the first one."""

    def __init__(self, instance: ApiInstance, ports: Sequence[int], balancers: int) -> None:
        self.instance = instance
        self.ports = ports
        (self.port,) = free_ports(1)
        """Of every listener, each on its load balancer's own address; the first one's is 127.0.0.1."""
        self.listeners: list[str] = []
        self.rules: list[list[str]] = []
        self.groups: list[str] = []
        for number in range(balancers):
            self._add(number)

    def _add(self, number: int) -> None:
        call = self.instance.call
        subnets = {
            f"Subnets.member.{place}": ids.subnet_id(zone) for place, zone in enumerate(ids.zones(REGION)[:2], 1)
        }
        _, answer = call("CreateLoadBalancer", {"Name": f"lb-{number}", **subnets})
        balancer = arn(answer, "LoadBalancerArn")
        count, rules = (LARGE_GROUPS, LARGE_RULES) if number == 0 else (1, RULES)
        groups = []
        for place in range(count):
            wanted: Parameters = {"Name": f"tg-{number}-{place}", "Protocol": "HTTP", "Port": 80, "TargetType": "ip"}
            wanted = {**wanted, "VpcId": ids.vpc_id(REGION)}
            groups.append(arn(call("CreateTargetGroup", wanted)[1], "TargetGroupArn"))
        self.groups += groups
        actions = flat("DefaultActions", [{"Type": "forward", "TargetGroupArn": groups[0]}])
        wanted = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": self.port, **actions}
        listener = arn(call("CreateListener", wanted)[1], "ListenerArn")
        if number == 0:
            call("CreateRule", self.rule(listener, 1, PATH, groups[0], fixed=True))
        self.listeners.append(listener)
        self.rules.append([])
        for place in range(rules - (number == 0)):
            wanted = self.rule(listener, place + 2, f"/svc-{place:02}/*", groups[place % count])
            self.rules[number].append(arn(call("CreateRule", wanted)[1], "RuleArn"))
        if number == 0:
            share = len(self.ports) // count
            for place, group in enumerate(groups):
                call("RegisterTargets", self.targets(group, self.ports[place * share : (place + 1) * share]))

    @staticmethod
    def rule(listener: str, priority: int, path: str, group: str, *, fixed: bool = False) -> Parameters:
        """The parameters of CreateRule."""
        action: Parameters = {"Type": "forward", "TargetGroupArn": group}
        if fixed:
            action = {"Type": "fixed-response", "FixedResponseConfig.StatusCode": 200}
        return {
            "ListenerArn": listener,
            "Priority": priority,
            **flat("Conditions", [{"Field": "path-pattern", "Values.member.1": path}]),
            **flat("Actions", [action]),
        }

    def targets(self, group: str, ports: Sequence[int]) -> Parameters:
        """The parameters of RegisterTargets and DeregisterTargets."""
        return {"TargetGroupArn": group, **flat("Targets", [{"Id": "127.0.0.1", "Port": port} for port in ports])}


def measure(folder: Path, certs: Path, cores: system.Cores, ports: Sequence[int], *, quick: bool = False) -> ApiFigures:
    """Everything. `ports` are where targets listen: a thousand, fewer for a quick look."""
    figures = ApiFigures()
    instance = ApiInstance(folder, certs, cores)
    instance.start()
    try:
        estate = _Estate(instance, ports, 5 if quick else LOAD_BALANCERS)
        _measure_calls(figures, estate, 5 if quick else CALLS)
        place = "127.0.0.1", estate.port
        _measure_stalls(figures, estate, place, 2 if quick else CHANGES)
        for _ in range(1 if quick else RESTARTS):
            instance.stop()
            began = time.perf_counter()
            instance.start()
            instance.wait_until_it_answers(*place, PATH)
            figures.restarts.append(time.perf_counter() - began)
    finally:
        instance.stop()
    return figures


def _measure_calls(figures: ApiFigures, estate: _Estate, count: int) -> None:
    """Each operation many times, in turn, on another load balancer each time. The kinds are those of everyday work."""
    instance = estate.instance

    def call(what: str, operation: str, parameters: Parameters) -> str:
        found = figures.calls.setdefault(what, CallFigures())
        cpu_s = system.cpu_s(instance.pid)
        seconds, answer = instance.call(operation, parameters)
        found.ms.append(seconds * 1000)
        found.cpu_ms.append((system.cpu_s(instance.pid) - cpu_s) * 1000)
        return answer

    for number in range(count):
        place = 1 + number % (len(estate.listeners) - 1)
        listener, rule, group = estate.listeners[place], estate.rules[place][0], estate.groups[LARGE_GROUPS - 1 + place]
        created = call("CreateRule", "CreateRule", estate.rule(listener, 1000, f"/new-{number}/*", group))
        changed = flat("Conditions", [{"Field": "path-pattern", "Values.member.1": f"/changed-{number}/*"}])
        call("ModifyRule", "ModifyRule", {"RuleArn": rule, **changed})
        wanted: list[Parameters] = [
            {"RuleArn": each, "Priority": 2000 + at + number} for at, each in enumerate(estate.rules[place])
        ]
        call("SetRulePriorities, 50", "SetRulePriorities", flat("RulePriorities", wanted))
        tags: Parameters = {"Tags.member.1.Key": "turn", "Tags.member.1.Value": number}
        call("AddTags", "AddTags", {"ResourceArns.member.1": rule, **tags})
        target = estate.targets(group, [estate.ports[number]])
        call("RegisterTargets", "RegisterTargets", target)
        call("DescribeRules, 51", "DescribeRules", {"ListenerArn": listener})
        call("DescribeTargetHealth, 1", "DescribeTargetHealth", {"TargetGroupArn": group})
        call("DescribeTargetHealth, 200", "DescribeTargetHealth", {"TargetGroupArn": estate.groups[0]})
        call("DeregisterTargets", "DeregisterTargets", target)
        call("DeleteRule", "DeleteRule", {"RuleArn": arn(created, "RuleArn")})


def _measure_stalls(figures: ApiFigures, estate: _Estate, place: tuple[str, int], count: int) -> None:
    """The latest answer around each change, and around moments in which nothing changes."""
    call, share = estate.instance.call, len(estate.ports) // LARGE_GROUPS
    rules, groups = estate.rules[0], estate.groups[:LARGE_GROUPS]

    def priorities(number: int) -> None:
        wanted: list[Parameters] = [{"RuleArn": rule, "Priority": 2000 + at + number} for at, rule in enumerate(rules)]
        call("SetRulePriorities", flat("RulePriorities", wanted))

    def rule(number: int) -> None:
        changed = flat("Conditions", [{"Field": "path-pattern", "Values.member.1": f"/other-{number}/*"}])
        call("ModifyRule", {"RuleArn": rules[0], **changed})

    def health_check(number: int) -> None:
        for group in groups:
            call("ModifyTargetGroup", {"TargetGroupArn": group, "HealthCheckPath": f"/up-{number}"})

    def everything(operation: str) -> None:
        for at, group in enumerate(groups):
            call(operation, estate.targets(group, estate.ports[at * share : (at + 1) * share]))

    kinds: dict[str, Callable[[int], None]] = {
        "nothing": lambda _: time.sleep(0.1),
        "another priority for each of 100 rules": priorities,
        "one of 100 rules": rule,
        "the health check of 1,000 targets, in 5 calls": health_check,
        "1,000 targets leave, in 5 calls": lambda _: everything("DeregisterTargets"),
        "1,000 targets come back, in 5 calls": lambda _: everything("RegisterTargets"),
    }
    beating = Beating(*place)
    spans: list[tuple[str, int, int]] = []
    for number in range(count):
        for kind, change in kinds.items():
            time.sleep(SETTLING_S)
            began = time.monotonic_ns()
            change(number)
            time.sleep(SETTLING_S)
            spans.append((kind, began, time.monotonic_ns()))
    beats: Sequence[Beat] = beating.stop()
    for kind, began, ended in spans:
        figures.stalls.setdefault(kind, []).append(longest_ms(beats, began, ended))
