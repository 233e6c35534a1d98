"""DescribeTargetHealth tells what the probes have found (reference 2.3)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.target_group import TargetState
from tests.aws import REGION
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP

PASSED = ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200)
NO_OVERRIDE = {
    "State": "no_override",
    "Reason": "AdministrativeOverride.NoOverride",
    "Description": "No override is currently active on target",
}


@pytest.fixture
def shop(api: Api) -> Api:
    """The API over `SHOP`."""
    api.load(SHOP)
    return api


def first(shop: Api, group: str = "web") -> TargetState:
    return next(iter(shop.estate.groups[group].targets.values()))


def probe(shop: Api, *results: ProbeResult, group: str = "web") -> None:
    live = shop.estate.groups[group]
    for result in results:
        live.on_probe_started(first(shop, group), 0.0)
        live.on_probe(first(shop, group), result, 0.0)


async def health(shop: Api, group: str = "web", **parameters: Any) -> list[dict[str, Any]]:
    arn = shop.estate.held.target_groups[group].arn
    found: list[dict[str, Any]] = (await shop("DescribeTargetHealth", TargetGroupArn=arn, **parameters))[
        "TargetHealthDescriptions"
    ]
    return found


def state(description: dict[str, Any]) -> tuple[str, str | None, str | None]:
    told = description["TargetHealth"]
    return told["State"], told.get("Reason"), told.get("Description")


async def test_all_targets_in_their_order(shop: Api) -> None:
    probe(shop, PASSED)
    assert await health(shop) == [
        {
            "Target": {"Id": "127.0.0.1", "Port": 9001, "AvailabilityZone": f"{REGION}a"},
            "HealthCheckPort": "9001",
            "TargetHealth": {"State": "healthy"},
            "AdministrativeOverride": NO_OVERRIDE,
        },
        {
            "Target": {"Id": "127.0.0.1", "Port": 9002, "AvailabilityZone": f"{REGION}a"},
            "HealthCheckPort": "9002",
            "TargetHealth": {
                "State": "initial",
                "Reason": "Elb.RegistrationInProgress",
                "Description": "Target registration is in progress",
            },
            "AdministrativeOverride": NO_OVERRIDE,
        },
    ]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([PASSED], ("healthy", None, None)),
        (
            [ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=503)],
            ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
        ),
        (
            [ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=503)] * 2,
            ("unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        ),
        (
            [ProbeResult(outcome=ProbeOutcome.TIMED_OUT)] * 2,
            ("unhealthy", "Target.Timeout", "Request timed out"),
        ),
        (
            [ProbeResult(outcome=ProbeOutcome.REFUSED)] * 2,
            ("unhealthy", "Target.FailedHealthChecks", "Health checks failed"),
        ),
    ],
)
async def test_states_reasons_and_descriptions(
    shop: Api, results: list[ProbeResult], expected: tuple[str, str | None, str | None]
) -> None:
    probe(shop, *results)
    assert state((await health(shop))[0]) == expected


async def test_draining_targets_are_listed(shop: Api) -> None:
    live = shop.estate.groups["web"]
    targets = live.group.targets
    live.reconcile(dataclasses.replace(live.group, targets=targets[1:]), 0.0, in_use=True)
    told = await health(shop)
    assert [each["Target"]["Port"] for each in told] == [9002, 9001]
    assert state(told[1]) == (
        "draining",
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    )


async def test_a_group_that_nobody_uses(shop: Api) -> None:
    live = shop.estate.groups["canary"]
    live.reconcile(live.group, 0.0, in_use=False)
    assert state((await health(shop, "canary"))[0]) == (
        "unused",
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )
    assert await health(shop, "spare") == []
    del shop.estate.groups["spare"]
    assert await health(shop, "spare") == []


async def test_instances_and_a_health_check_port_of_its_own(shop: Api) -> None:
    probe(shop, PASSED, group="images")
    (told,) = await health(shop, "images")
    target = first(shop, "images").target
    assert told["Target"] == {"Id": target.id, "Port": target.port}
    assert target.id.startswith("i-0")
    assert told["HealthCheckPort"] == "9100"


async def test_anomalies_only_when_asked_for(shop: Api) -> None:
    first(shop).anomaly = AnomalyResult.ANOMALOUS
    first(shop).weight = 0.5
    for include in (["AnomalyDetection"], ["All"]):
        told = await health(shop, Include=include)
        assert [each["AnomalyDetection"] for each in told] == [
            {"Result": "anomalous", "MitigationInEffect": "yes"},
            {"Result": "normal", "MitigationInEffect": "no"},
        ]
    assert "AnomalyDetection" not in (await health(shop))[0]


async def test_some_targets(shop: Api) -> None:
    probe(shop, PASSED)
    unused = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
    healthy, initial = state((await health(shop))[0]), state((await health(shop))[1])
    for targets, expected in (
        ([{"Id": "127.0.0.1", "Port": 9002}], [(9002, initial)]),
        ([{"Id": "127.0.0.1", "Port": 9003}], [(9003, unused)]),
        ([{"Id": "127.0.0.9"}], [(80, unused)]),  # the group's own port
        ([{"Id": "127.0.0.1"}], [(9001, healthy), (9002, initial)]),
        ([{"Id": "127.0.0.1", "Port": 9001}, {"Id": "127.0.0.1", "Port": 9001}], [(9001, healthy)]),
    ):
        told = await health(shop, Targets=targets)
        assert [(each["Target"]["Port"], state(each)) for each in told] == expected


async def test_ids_that_no_target_of_the_group_can_have(shop: Api) -> None:
    for group, target_id, message in (
        ("web", "i-0123456789abcdef0", "The IP address 'i-0123456789abcdef0' is not a valid IP address"),
        ("images", "127.0.0.1", "Instance ID '127.0.0.1' is not valid"),
    ):
        arn = shop.estate.held.target_groups[group].arn
        told = await shop.fails("DescribeTargetHealth", TargetGroupArn=arn, Targets=[{"Id": target_id}])
        assert told == ("ValidationError", message)
