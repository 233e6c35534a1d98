"""What the instance tells about itself while targets get less than their share."""

from __future__ import annotations

import pytest

from simlb.core.anomaly import AnomalyResult
from tests.app.conftest import Bench
from tests.core.groups import PASS

TARGETS = [f'{{url: "http://127.0.0.{number}:9"}}' for number in (1, 2)]


async def test_who_is_in_slow_start_and_how_far(bench: Bench) -> None:
    app = await bench.start(more="attributes: {slow_start.duration_seconds: 100}, ", web=TARGETS[:1])
    bench.probed("i-01", PASS)
    await app.register_target("web", "127.0.0.2:9", None)
    bench.probed("i-02", PASS)
    # Nothing is listening there: the real probes would make both unhealthy with their second failure.
    await bench.clock.advance(20)
    assert [(one.name, one.slow_start_weight) for one in bench.group().targets] == [
        ("i-01", 1.0),
        ("i-02", pytest.approx(0.2)),
    ]


async def test_who_is_anomalous_and_mitigated(bench: Bench) -> None:
    weighted = "load_balancing.algorithm.type: weighted_random, load_balancing.algorithm.anomaly_mitigation: on"
    app = await bench.start(more=f"attributes: {{{weighted}}}, ", web=TARGETS)
    live = app.live_group("web")
    assert live is not None
    odd = list(live.targets.values())[1]
    odd.anomaly, odd.weight = AnomalyResult.ANOMALOUS, 0.05
    group = bench.group()
    assert group.anomaly_mitigation
    assert [(one.name, one.anomaly, one.mitigation_weight) for one in group.targets] == [
        ("i-01", "normal", 1.0),
        ("i-02", "anomalous", 0.05),
    ]


async def test_which_groups_a_rule_forwards_to(bench: Bench) -> None:
    app = await bench.start(web=TARGETS[:1])
    (balancer,) = app.view().load_balancers
    assert [listener.rules[-1].target_groups for listener in balancer.listeners] == [("web",), ("api",)]
