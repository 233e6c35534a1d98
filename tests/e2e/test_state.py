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

from simlb.controlplane.operations.table import HANDLERS
from tests.aws import elbv2
from tests.e2e.harness import Instance, Workshop

FILE = """\
simlb: config/1
load_balancers:
  - {name: shop, listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}]}
target_groups: [{name: web}]
"""
ROUNDS = 3
CALLS_S = 0.25
"""How long, at most, calls are made before the kill."""


class Caller(threading.Thread):
    """Makes calls one after the other until one is not answered. `asked` and `acknowledged` are the last ones."""

    def __init__(self, url: str, arns: list[str], number: int) -> None:
        super().__init__()
        self._url = url
        self._arns = arns
        self.asked = self.acknowledged = number
        self.started = threading.Event()

    def run(self) -> None:
        with elbv2(self._url) as aws:
            while True:
                number = self.asked = self.asked + 1
                try:
                    tags = [{"Key": key, "Value": str(number)} for key in ("number", "same")]
                    aws.add_tags(ResourceArns=self._arns, Tags=tags)
                    if "CreateTargetGroup" in HANDLERS:
                        aws.create_target_group(Name=f"g{number}", Protocol="HTTP", Port=80, VpcId=_vpc(aws))
                except (BotoCoreError, ClientError):
                    return
                self.acknowledged = number
                self.started.set()


def _vpc(aws: Any) -> str:
    vpc: str = aws.describe_target_groups(Names=["web"])["TargetGroups"][0]["VpcId"]
    return vpc


def url_of(instance: Instance) -> str:
    return f"http://{instance.view().control}"


def shown(aws: Any, arns: list[str]) -> tuple[list[dict[str, str]], set[str]]:
    """The tags of each resource, and the names of all target groups."""
    described = aws.describe_tags(ResourceArns=arns)["TagDescriptions"]
    tags = [{tag["Key"]: tag["Value"] for tag in one["Tags"]} for one in described]
    pages = aws.get_paginator("describe_target_groups").paginate()
    return tags, {group["TargetGroupName"] for page in pages for group in page["TargetGroups"]}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SIGKILL is POSIX")
def test_kill_loses_nothing_that_was_acknowledged(simlb: Workshop) -> None:
    draws = random.Random(7)
    instance = simlb.serve(FILE)
    with elbv2(url_of(instance)) as aws:
        arns = [
            aws.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"],
            aws.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"],
        ]
    number = 0
    for _ in range(ROUNDS):
        caller = Caller(url_of(instance), arns, number)
        caller.start()
        assert caller.started.wait(5)
        time.sleep(draws.uniform(0, CALLS_S))
        os.kill(instance.pid, signal.SIGKILL)
        caller.join(10)
        assert instance.wait() == -signal.SIGKILL
        assert caller.acknowledged > number
        instance = simlb.start("up")
        with elbv2(url_of(instance)) as aws:
            tags, groups = shown(aws, arns)
        number = int(tags[0]["number"])
        assert number in {caller.acknowledged, caller.asked}
        assert tags == [{"number": str(number), "same": str(number)}] * 2
        if "CreateTargetGroup" in HANDLERS:
            assert {f"g{one}" for one in range(1, caller.acknowledged + 1)} <= groups


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
