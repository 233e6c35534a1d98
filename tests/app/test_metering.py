"""What is looked at every second: targets, connections, capacity; the wall clock is a test's own."""

from __future__ import annotations

import asyncio

import pytest

from simlb.app.metering import Metering
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.metrics import MetricStore
from simlb.core.metrics.store import Key
from simlb.observe.metrics import MetricSink
from tests.app.conftest import Bench

NOON = 1_795_867_200
PASS = ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200)
FAIL = ProbeResult(outcome=ProbeOutcome.REFUSED)
TWO = ["{name: i-01, url: 'http://127.0.0.1:9'}", "{name: i-02, url: 'http://127.0.0.1:10'}"]


class Meter:
    """A metering beside the application's own."""

    def __init__(self, bench: Bench) -> None:
        self.at = NOON + 0.5
        self.bench = bench
        self.sink = MetricSink(MetricStore())
        self.metering = Metering(bench.app, self.sink, wall=lambda: self.at)
        (self.load_balancer,) = (item.resource for item in bench.app.configuration.load_balancers)
        groups = bench.app.configuration.target_groups
        self.group = {name: group.arn.rpartition(":")[2] for name, group in groups.items()}

    def second(self, second: float) -> None:
        """Look at that second after noon."""
        self.at = NOON + second + 0.5
        self.metering.collect()

    def values(self, name: str, group: str | None = "web", period_s: int = 1) -> dict[int, float]:
        """Averages by second after noon."""
        key = Key(name, self.load_balancer, None if group is None else self.group[group])
        return {
            begins - NOON: found.sum / found.samples
            for begins, found in self.sink.store.read(key, NOON, NOON + 300, period_s)
        }


@pytest.fixture
async def meter(bench: Bench) -> Meter:
    await bench.start(web=TWO)
    return Meter(bench)


async def test_targets_are_counted_once_a_second(meter: Meter) -> None:
    meter.second(0)
    for target in ("i-01", "i-02"):
        meter.bench.probed(target, PASS)
    meter.second(1)
    meter.second(1.2)
    for _ in range(2):
        meter.bench.probed("i-02", FAIL)
    meter.second(2)
    meter.second(3)
    assert meter.values("HealthyHostCount") == {0: 0, 1: 2, 2: 1, 3: 1}
    assert meter.values("UnHealthyHostCount") == {0: 0, 1: 0, 2: 1, 3: 1}
    assert meter.values("HealthyHostCount", period_s=60) == {0: 1.0}
    assert meter.values("AnomalousHostCount") == meter.values("MitigatedHostCount") == dict.fromkeys(range(4), 0)
    assert meter.values("HealthyStateRouting") == {0: 0, 1: 1, 2: 1, 3: 1}
    assert meter.values("UnhealthyStateRouting") == {0: 1, 1: 0, 2: 0, 3: 0}


async def test_a_change_within_a_second_is_seen(meter: Meter) -> None:
    live = meter.bench.app.live_group("web")
    assert live is not None
    meter.bench.probed("i-01", PASS)
    meter.second(0)
    for result, times in ((FAIL, 2), (PASS, 5)):
        for _ in range(times):
            meter.bench.probed("i-01", result)
        meter.metering.on_state_changed(live)
    ((_, found),) = meter.sink.store.read(
        Key("HealthyHostCount", meter.load_balancer, meter.group["web"]), NOON, NOON + 60, 60
    )
    assert (found.minimum, found.maximum) == (0, 1)


async def test_a_group_without_targets_has_no_host_counts(meter: Meter) -> None:
    meter.second(0)
    assert meter.values("HealthyHostCount", "api") == {}
    assert meter.values("HealthyStateRouting", "api") == {0: 0}


async def test_requests_are_divided_by_healthy_targets_or_by_all(meter: Meter) -> None:
    divisor = (meter.load_balancer, meter.group["web"])
    meter.second(0)
    assert meter.sink.divisors[divisor] == 2, "none is healthy"
    meter.bench.probed("i-01", PASS)
    meter.second(1)
    assert meter.sink.divisors[divisor] == 1


async def test_what_nodes_count_is_counted_once(meter: Meter) -> None:
    (node,) = meter.bench.app.nodes.values()
    meter.second(0)
    node.counts.opened += 3
    node.counts.rejected += 1
    group = node.counts.of_group(meter.bench.app.configuration.target_groups["web"].arn)
    group.opened += 2
    group.failed += 1
    meter.second(1)
    meter.second(2)
    node.counts.tls_failed += 1
    meter.second(3)
    assert meter.values("NewConnectionCount", None) == {1: 5}
    assert meter.values("RejectedConnectionCount", None) == {1: 1}
    assert meter.values("ClientTLSNegotiationErrorCount", None) == {3: 1}
    assert meter.values("TargetConnectionErrorCount") == meter.values("TargetConnectionErrorCount", None) == {1: 1}
    assert meter.values("ForwardedInvalidHeaderRequestCount", None) == dict.fromkeys(range(4), 0)
    assert meter.values("ActiveConnectionCount", None) == {}, "only when there are any"


async def test_capacity_units(meter: Meter) -> None:
    (node,) = meter.bench.app.nodes.values()
    meter.second(0)
    node.counts.opened += 100
    meter.second(1)
    meter.second(2)
    node.counts.opened += 25
    meter.second(60)
    assert meter.values("PeakLCUs", None)[1] == pytest.approx(4.0)
    # 100 of the 1,500 a minute that an LCU is good for, and a 60th of an hour.
    minutes = meter.values("ConsumedLCUs", None, 60)
    assert minutes == {0: pytest.approx(125 / 1500 / 60)}
    node.counts.opened += 1500
    meter.second(61)
    assert meter.values("ConsumedLCUs", None, 60)[60] == pytest.approx(1 / 60)
    lcus, lcu_hours = meter.metering.capacity(node)
    assert lcus == pytest.approx(60.0)
    assert lcu_hours == pytest.approx((125 / 1500 + 1) / 60)


async def test_there_is_one_zone(meter: Meter) -> None:
    meter.second(0)
    assert meter.sink.store.zones == {meter.load_balancer: "ap-northeast-2a"}


async def test_a_load_balancer_that_goes_is_counted_to_its_end(meter: Meter) -> None:
    (node,) = meter.bench.app.nodes.values()
    meter.second(0)
    meter.bench.app.nodes = {}
    node.counts.opened += 1
    meter.second(1)
    meter.second(2)
    meter.bench.app.nodes = {"my-alb": node}
    assert meter.sink.sums()["NewConnectionCount"] == 1


async def test_the_application_looks_by_itself(bench: Bench) -> None:
    app = await bench.start(web=TWO)
    (node,) = app.nodes.values()
    node.counts.opened += 1
    async with asyncio.timeout(3):
        while not app.observing.metrics.totals:
            await asyncio.sleep(0.01)
    assert app.observing.sums()["NewConnectionCount"] == 1
