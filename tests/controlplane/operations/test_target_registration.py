"""Targets come and go by the API's ids: addresses of this machine, instances of the file."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core import ids, quotas
from simlb.core.model import Target
from simlb.core.registrations import Registration, Registrations
from tests.aws import REGION
from tests.controlplane.operations.conftest import Api

FILE = """\
allow_targets: [10.0.0.0/24]
load_balancers:
  - {name: shop, listeners: [{protocol: HTTP, port: 80, forward: web}]}
target_groups:
  - name: web
    targets: [{url: "http://127.0.0.1:9001", name: one}]
  - name: fleet
    target_type: instance
    port: 8000
    targets: [{run: "./shop --port {port}", name: first, port: 9002}]
  - name: rest
    target_type: instance
    port: 80
    targets:
      - {url: "http://127.0.0.1:9003", name: second, instance: pair}
      - {url: "http://127.0.0.1:9004", name: third, instance: pair}
"""
FIRST, PAIR = ids.instance_id(REGION, "first"), ids.instance_id(REGION, "pair")
ONE = ids.instance_id(REGION, "one")


class Shop:
    """Asks about the file's groups by their names."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.estate = api.load(FILE)

    def arn(self, group: str) -> str:
        return self.estate.configuration().target_groups[group].arn

    async def register(self, group: str, *targets: dict[str, Any]) -> dict[str, Any]:
        return await self.api("RegisterTargets", TargetGroupArn=self.arn(group), Targets=list(targets))

    async def deregister(self, group: str, *targets: dict[str, Any]) -> dict[str, Any]:
        return await self.api("DeregisterTargets", TargetGroupArn=self.arn(group), Targets=list(targets))

    async def refused(self, group: str, *targets: dict[str, Any]) -> tuple[str, str]:
        return await self.api.fails("RegisterTargets", TargetGroupArn=self.arn(group), Targets=list(targets))

    async def health(self, group: str) -> list[tuple[str, int, str]]:
        told = await self.api("DescribeTargetHealth", TargetGroupArn=self.arn(group))
        return [
            (each["Target"]["Id"], each["Target"]["Port"], each["TargetHealth"]["State"])
            for each in told["TargetHealthDescriptions"]
        ]

    def targets(self, group: str) -> list[Target]:
        return list(self.estate.configuration().target_groups[group].targets)


@pytest.fixture
def shop(api: Api) -> Shop:
    """With the file above."""
    return Shop(api)


async def test_an_address_is_registered(shop: Shop) -> None:
    assert await shop.register("web", {"Id": "127.0.0.1", "Port": 9000}, {"Id": "127.0.0.2"}) == {}
    assert await shop.health("web") == [
        ("127.0.0.1", 9001, "initial"),
        ("127.0.0.1", 9000, "initial"),
        ("127.0.0.2", 80, "initial"),
    ]
    assert [(each.name, each.address) for each in shop.targets("web")[1:]] == [
        ("i-01", "127.0.0.1:9000"),
        ("i-02", "127.0.0.2:80"),
    ]


async def test_an_address_that_is_known_keeps_its_name(shop: Shop) -> None:
    await shop.register("web", {"Id": "127.0.0.1", "Port": 9002})
    assert [(each.name, each.process) for each in shop.targets("web")] == [("one", None), ("first", "first")]


async def test_registered_twice_is_registered_once(shop: Shop) -> None:
    await shop.register("web", {"Id": "127.0.0.1", "Port": 9001}, {"Id": "127.0.0.1", "Port": 9001})
    assert len(shop.targets("web")) == 1


async def test_an_instance_listens_where_the_file_says(shop: Shop) -> None:
    await shop.register("fleet", {"Id": PAIR}, {"Id": ONE, "Port": 8000}, {"Id": ONE, "Port": 9999})
    assert [(each.name, each.port, each.address, each.process) for each in shop.targets("fleet")] == [
        ("first", 9002, "127.0.0.1:9002", "first"),
        ("second", 8000, "127.0.0.1:9003", None),
        ("one", 8000, "127.0.0.1:9001", None),
        ("one", 9999, "127.0.0.1:9999", None),
    ]


async def test_a_port_of_an_instance_is_the_target_there(shop: Shop) -> None:
    await shop.register("fleet", {"Id": PAIR, "Port": 9004}, {"Id": PAIR, "Port": 9003})
    assert [each.name for each in shop.targets("fleet")] == ["first", "third", "second"]


async def test_a_group_without_listener_is_not_in_use(shop: Shop) -> None:
    shop.estate.groups.clear()
    await shop.register("fleet", {"Id": PAIR})
    told = await shop.api("DescribeTargetHealth", TargetGroupArn=shop.arn("fleet"), Targets=[{"Id": PAIR}])
    assert told["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotInUse"
    assert told["TargetHealthDescriptions"][0]["HealthCheckPort"] == "8000"


async def test_deregistering_drains_and_goes_on_running(shop: Shop) -> None:
    await shop.deregister("fleet", {"Id": FIRST})
    assert shop.targets("fleet") == []
    assert [state for *_, state in await shop.health("fleet")] == ["draining"]
    assert [process.name for process in shop.estate.configuration().processes] == ["first"]
    await shop.register("fleet", {"Id": FIRST, "Port": 9002})
    assert [each.process for each in shop.targets("fleet")] == ["first"]
    assert shop.estate.registrations.removed == shop.estate.registrations.added == ()


async def test_deregistering_with_and_without_ports(shop: Shop) -> None:
    await shop.deregister("rest", {"Id": PAIR, "Port": 9003}, {"Id": PAIR, "Port": 1}, {"Id": FIRST})
    assert [each.port for each in shop.targets("rest")] == [9004]
    await shop.register("rest", {"Id": PAIR, "Port": 9003}, {"Id": FIRST})
    await shop.deregister("rest", {"Id": PAIR})
    assert [(each.id, each.port) for each in shop.targets("rest")] == [(FIRST, 80)]


@pytest.mark.parametrize(
    ("group", "target", "code", "message"),
    [
        ("web", {"Id": "shop"}, "ValidationError", "The IP address 'shop' is not a valid IP address"),
        ("web", {"Id": "::1"}, "InvalidTarget", "The IP address '::1' is not a valid IPv4 address"),
        ("web", {"Id": "8.8.8.8"}, "InvalidTarget", "'8.8.8.8' is not on this machine"),
        ("web", {"Id": FIRST}, "ValidationError", f"The IP address '{FIRST}' is not a valid IP address"),
        ("fleet", {"Id": "127.0.0.1"}, "ValidationError", "Instance ID '127.0.0.1' is not valid"),
        (
            "fleet",
            {"Id": "i-0123456789abcdef0"},
            "InvalidTarget",
            "The specified target does not exist or is not in the same VPC as the target group.",
        ),
        (
            "fleet",
            {"Id": FIRST, "AvailabilityZone": f"{REGION}a"},
            "ValidationError",
            "An Availability Zone cannot be specified for targets of target type 'instance'",
        ),
        (
            "web",
            {"Id": "127.0.0.1", "AvailabilityZone": "us-east-1a"},
            "ValidationError",
            f"The Availability Zone 'us-east-1a' is not the target's: addresses of this machine are in {REGION}a",
        ),
        (
            "web",
            {"Id": "127.0.0.1", "QuicServerId": "0x1234567890abcdef"},
            "InvalidConfigurationRequest",
            "QuicServerId is not supported by simlb: it is for QUIC",
        ),
    ],
)
async def test_one_wrong_target_and_none_is_registered(
    shop: Shop, group: str, target: dict[str, Any], code: str, message: str
) -> None:
    before = shop.targets(group)
    good = {"Id": "127.0.0.9"} if group == "web" else {"Id": PAIR}
    assert await shop.refused(group, good, target) == (code, message)
    assert shop.targets(group) == before


@pytest.mark.parametrize("zone", ["all", f"{REGION}a"])
async def test_zones_that_are_true_are_taken(shop: Shop, zone: str) -> None:
    await shop.register("web", {"Id": "127.0.0.2", "AvailabilityZone": zone})
    assert len(shop.targets("web")) == 2


async def test_quotas(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = quotas.Quota(name="a", limit=2, code="TooManyTargets", message="too many")
    monkeypatch.setattr(quotas, "TARGETS_PER_LOAD_BALANCER", limit)
    await shop.register("web", {"Id": "127.0.0.2"})
    assert await shop.refused("web", {"Id": "127.0.0.3"}) == ("TooManyTargets", "too many")
    await shop.register("rest", {"Id": FIRST})  # no listener, no load balancer
    monkeypatch.setattr(quotas, "TARGETS_PER_TARGET_GROUP", limit)
    assert await shop.refused("rest", {"Id": ONE}) == ("TooManyTargets", "too many")


async def test_an_instance_that_does_not_run_is_refused(shop: Shop) -> None:
    message = f"The following targets are not in a running state and cannot be registered: '{PAIR}'"
    shop.estate.stopped.add(PAIR)
    assert await shop.refused("fleet", {"Id": ONE}, {"Id": PAIR}) == ("InvalidTarget", message)
    assert len(shop.targets("fleet")) == 1


async def test_a_process_that_a_command_has_ended_is_not_started(shop: Shop) -> None:
    shop.estate.registrations = Registrations().deregister(Registration("fleet", shop.targets("fleet")[0]))
    code, _ = await shop.refused("rest", {"Id": FIRST})
    assert code == "InvalidTarget"


async def test_no_targets_at_all(shop: Shop) -> None:
    assert await shop.refused("web") == ("ValidationError", "At least one target must be specified")
