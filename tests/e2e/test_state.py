"""What was acknowledged is there after kill -9, and is taken out, brought in and forgotten by commands."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from simlb.core.ids import subnet_id
from simlb.processes.ports import free_ports
from tests.aws import REGION, elbv2
from tests.e2e.harness import Instance, Workshop

FILE = """\
simlb: config/1
load_balancers:
  - {name: shop, listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}]}
target_groups: [{name: web}]
"""
ROUNDS = 3
RULES_MAX = 20
"""In a round: a load balancer has at most a hundred."""
PATH = [{"Field": "path-pattern", "Values": ["/x"]}]
ANSWER = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
CALLS_S = 0.25
"""How long, at most, calls are made before the kill."""


class Caller(threading.Thread):
    """Makes calls one after the other until one is not answered.

    `asked` is the last number, `acknowledged` that of the last tags that were answered. `groups` are the target groups,
    and `priorities` the rules, whose creation was answered.
    """

    def __init__(self, url: str, number: int) -> None:
        super().__init__()
        self._url = url
        self.asked = self.acknowledged = number
        self.groups: set[str] = set()
        self.priorities: set[str] = set()
        self.started = threading.Event()

    def run(self) -> None:
        with elbv2(self._url) as aws:
            arns, listener, vpc = known(aws)
            while True:
                number = self.asked = self.asked + 1
                try:
                    tags = [{"Key": key, "Value": str(number)} for key in ("number", "same")]
                    aws.add_tags(ResourceArns=arns, Tags=tags)
                    self.acknowledged = number
                    aws.create_target_group(Name=f"g{number}", Protocol="HTTP", Port=80, VpcId=vpc)
                    self.groups.add(f"g{number}")
                    if len(self.priorities) < RULES_MAX:
                        aws.create_rule(ListenerArn=listener, Priority=number, Conditions=PATH, Actions=ANSWER)
                        self.priorities.add(str(number))
                except (BotoCoreError, ClientError):
                    return
                self.started.set()


def known(aws: Any) -> tuple[list[str], str, str]:
    """The ARNs of load balancer and target group, that of the API's own listener, and the VPC."""
    balancers = aws.describe_load_balancers()["LoadBalancers"]
    (group,) = aws.describe_target_groups(Names=["web"])["TargetGroups"]
    (own,) = (one["LoadBalancerArn"] for one in balancers if one["LoadBalancerName"] == "own")
    (listener,) = aws.describe_listeners(LoadBalancerArn=own)["Listeners"]
    return [own, group["TargetGroupArn"]], listener["ListenerArn"], group["VpcId"]


def url_of(instance: Instance) -> str:
    return f"http://{instance.view().control}"


def shown(aws: Any, arns: list[str]) -> list[dict[str, str]]:
    """The tags of each resource."""
    described = aws.describe_tags(ResourceArns=arns)["TagDescriptions"]
    return [{tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in described]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_kill_loses_nothing_that_was_acknowledged(simlb: Workshop) -> None:
    draws = random.Random(7)
    instance = simlb.serve(FILE)
    with elbv2(url_of(instance)) as aws:
        own = aws.create_load_balancer(Name="own", Subnets=[subnet_id(f"{REGION}{zone}") for zone in "ab"])
        arn = own["LoadBalancers"][0]["LoadBalancerArn"]
        aws.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=next(iter(free_ports(1))), DefaultActions=ANSWER)
    number, groups, priorities = 0, {"web"}, {"default"}
    for _ in range(ROUNDS):
        caller = Caller(url_of(instance), number)
        caller.start()
        assert caller.started.wait(5)
        time.sleep(draws.uniform(0, CALLS_S))
        os.kill(instance.pid, signal.SIGKILL)
        caller.join(10)
        assert instance.wait() == -signal.SIGKILL
        assert caller.acknowledged > number
        groups |= caller.groups
        priorities |= caller.priorities
        instance = simlb.start("up")
        with elbv2(url_of(instance)) as aws:
            arns, listener, _ = known(aws)
            tags = shown(aws, arns)
            number = int(tags[0]["number"])
            assert number in {caller.acknowledged, caller.asked}
            assert tags == [{"number": str(number), "same": str(number)}] * 2
            found = {one["TargetGroupName"] for one in aws.describe_target_groups()["TargetGroups"]}
            rules = {one["Priority"] for one in aws.describe_rules(ListenerArn=listener)["Rules"]}
        # One call may have been carried out whose answer the kill kept back.
        assert found - groups <= {f"g{caller.asked}"}
        assert groups <= found
        assert rules - priorities <= {str(caller.asked)}
        assert priorities <= rules
        groups, priorities = found, rules
        number = max(number, caller.asked)


def test_a_full_disk_fails_the_call_and_nothing_else(simlb: Workshop) -> None:
    """A limit of the file's size stands for the full disk: SQLite's write fails in the same place."""
    limits = pytest.importorskip("resource", reason="limits are POSIX")
    instance = simlb.serve(FILE)
    path = simlb.home / "default.db"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with elbv2(url_of(instance)) as aws:
        arn = aws.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        aws.add_tags(ResourceArns=[arn], Tags=[{"Key": "kept", "Value": "yes"}])
        limits.prlimit(instance.pid, limits.RLIMIT_FSIZE, (path.stat().st_size, limits.RLIM_INFINITY))
        large = [{"Key": f"k{number}", "Value": "x" * 256} for number in range(48)]
        with pytest.raises(ClientError, match=r"The change was not made.*SIMLB-E813") as caught:
            aws.add_tags(ResourceArns=[arn], Tags=large)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        described = [{"ResourceArn": arn, "Tags": [{"Key": "kept", "Value": "yes"}]}]
        assert aws.describe_tags(ResourceArns=[arn])["TagDescriptions"] == described
        limits.prlimit(instance.pid, limits.RLIMIT_FSIZE, (limits.RLIM_INFINITY, limits.RLIM_INFINITY))
        aws.add_tags(ResourceArns=[arn], Tags=[{"Key": "more", "Value": "yes"}])
        described[0]["Tags"].append({"Key": "more", "Value": "yes"})
        assert aws.describe_tags(ResourceArns=[arn])["TagDescriptions"] == described


def test_an_empty_instance_and_the_state_commands(simlb: Workshop) -> None:
    instance = simlb.start("up", "--empty", "--region", "eu-west-1")
    assert instance.view().region == "eu-west-1"
    for command, said in (("status", "no load balancers yet"), ("rules", "no listeners yet")):
        assert said in simlb.run(command).stdout
    assert "no target groups yet" in simlb.run("target", "ls").stdout
    assert simlb.run("logs").returncode == 0
    document = json.loads(simlb.run("state", "export").stdout)
    assert document == {"simlb": "state/1", "account": "000000000000", "region": "eu-west-1", "records": []}
    path = simlb.here / "state.json"
    assert simlb.run("state", "export", str(path)).stdout == f"{path} written: 0 records.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Imported: 0 load balancers" in simlb.run("state", "import", str(path)).stdout
    refused = simlb.run("state", "reset")
    assert (refused.returncode, "SIMLB-E816" in refused.stderr) == (2, True)
    assert simlb.run("state", "reset", "--yes").returncode == 0
    assert simlb.run("down").returncode == 0

    database = simlb.home / "default.db"
    database.write_bytes(b"damaged")
    finished = simlb.run("up", "--empty", "--control-port", "0")
    assert (finished.returncode, f"SIMLB-E810  {database}" in finished.stderr) == (2, True)
    assert "removed" in simlb.run("state", "reset", "--yes").stdout
    assert simlb.run("state", "reset").stdout == "Instance 'default' has no state.\n"
    simlb.start("up", "--empty")
