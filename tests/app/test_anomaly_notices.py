"""That a target fails more often than its peers, and that it is over, in one line each."""

from __future__ import annotations

from tests.app.conftest import Bench
from tests.core.groups import PASS


async def test_a_target_becomes_anomalous_and_recovers(bench: Bench) -> None:
    targets = [f"{{name: i-0{number}, url: 'http://127.0.0.1:900{number}'}}" for number in range(1, 5)]
    weighted = "load_balancing.algorithm.type: weighted_random, load_balancing.algorithm.anomaly_mitigation: on"
    app = await bench.start(web=targets, more=f"attributes: {{{weighted}}}, ")
    group = app.live_group("web")
    assert group is not None
    for number in range(1, 5):
        bench.probed(f"i-0{number}", PASS)
    for place, state in enumerate(group.targets.values()):
        for _ in range(20):
            group.begin(state)
            group.end(state, failed=place == 1)
    await bench.clock.advance(6)
    assert [text for text in bench.audience.notices if "anomalous" in text] == [
        "i-02 is anomalous: 20 of its last 20 requests failed, far more than of its peers'."
        " It gets 5% of its share until that is over."
    ]
    await bench.clock.advance(70)
    assert bench.audience.notices[-1] == "i-02 is anomalous no longer."
