"""The warning that a target is too slow for the speed: from exchanges and probes to a sentence with its numbers."""

from __future__ import annotations

import pytest

from simlb.app.latency import PROBES_NEEDED, REQUESTS_NEEDED, LatencyWarner
from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.events import Notice
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.model import Target
from simlb.core.target_state import TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.target_failure import TargetFailure


class Plan:
    """What is asked of a listener's plan: the load balancer's idle timeout."""

    class attributes:  # noqa: N801 - as it is called there
        idle_timeout_s = 60


FACTS = ConnectionFacts(
    elb="app/my-alb/50dc6c495c0c9188",
    dns_name="my-alb.elb.localhost",
    scheme="http",
    listener_port=80,
    client_ip="127.0.0.1",
    client_port=1,
    node_ip="127.0.0.1",
)


def exchange(
    seconds: float, *, name: str = "i-01", status: int = 200, failure: TargetFailure | None = None
) -> ExchangeRecord:
    """A finished exchange whose target took so long."""
    done = Exchange.__new__(Exchange)
    ExchangeRecord.__init__(done, FACTS, None, 1000.0)
    done.plan = Plan()  # type: ignore[assignment]
    done.target = TargetState(Target(id="127.0.0.1", port=1, dial_host="127.0.0.1", dial_port=1, name=name), 0.0)
    done.target_status_code = status
    if status:
        done.target_processing_time = seconds
    done.ended_at = done.created_at + seconds
    done.failure = failure
    return done


def warned(speed: float, *batches: list[ExchangeRecord]) -> list[Notice]:
    told: list[Notice] = []
    warner = LatencyWarner(speed, told.append)
    for batch in batches:
        warner.on_batch(batch)
    return told


def test_a_slow_target_at_a_high_speed() -> None:
    (notice,) = warned(100, [exchange(0.55) for _ in range(REQUESTS_NEEDED)])
    assert (notice.level, notice.code) == ("warning", "E613")
    assert notice.text == (
        "i-01 takes up to 550 ms to answer (99th percentile of the last 100 requests), "
        "and at speed 100 the idle timeout of 60 s is 600 ms here."
    )
    assert notice.hints == ("a lower speed leaves room: --speed 54",)


def test_what_the_timeout_has_ended_counts_as_longer() -> None:
    cut = [exchange(0.61, status=0, failure=TargetFailure.IDLE) for _ in range(3)]
    (notice,) = warned(100, [exchange(0.01) for _ in range(97)] + cut)
    assert notice.text.startswith("i-01 takes 600 ms or longer to answer")


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param([exchange(0.4) for _ in range(500)], id="two thirds of the time that there is"),
        pytest.param([exchange(0.55) for _ in range(99)], id="too few requests"),
        pytest.param([exchange(9, status=0, failure=TargetFailure.REFUSED) for _ in range(500)], id="other failures"),
        pytest.param([ExchangeRecord(FACTS, None, 0.0) for _ in range(500)], id="what never was an exchange"),
    ],
)
def test_nothing_to_say(batch: list[ExchangeRecord]) -> None:
    assert warned(100, batch) == []


def test_once_for_each_target() -> None:
    both = [exchange(0.55, name=name) for _ in range(500) for name in ("i-01", "i-02")]
    assert [notice.text[:4] for notice in warned(100, both)] == ["i-01", "i-02"]


def test_again_only_after_it_had_been_fine() -> None:
    slow, fine = [exchange(0.55)] * 100, [exchange(0.1)] * 300
    assert len(warned(100, slow, slow)) == 1
    assert len(warned(100, slow, fine, slow)) == 2


def probes(speed: float, *results: ProbeResult) -> list[Notice]:
    told: list[Notice] = []
    warner = LatencyWarner(speed, told.append)
    for result in results:
        warner.on_probe("web", "i-01", result, 5)
    return told


def answered(seconds: float) -> ProbeResult:
    return ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200, latency_s=seconds)


def test_health_checks_that_are_nearly_late() -> None:
    (notice,) = probes(100, *[answered(0.045)] * PROBES_NEEDED)
    assert notice.text == (
        "i-01 takes up to 45 ms to answer health checks (99th percentile of the last 20 of them looked at), "
        "and at speed 100 the health-check timeout of web of 5 s is 50 ms here."
    )
    assert notice.hints == ("a lower speed leaves room: --speed 55",)


def test_health_checks_without_an_answer_show_in_the_state_already() -> None:
    assert probes(100, *[ProbeResult(outcome=ProbeOutcome.TIMED_OUT, latency_s=0.05)] * 500) == []


def test_what_a_fault_delays_says_nothing_about_the_target() -> None:
    told: list[Notice] = []
    warner = LatencyWarner(100, told.append, lambda target: target == "i-01")
    warner.on_batch([exchange(0.55) for _ in range(500)])
    for _ in range(100):
        warner.on_probe("web", "i-01", answered(0.045), 5)
    assert told == []
