"""Figures of the last five seconds."""

from __future__ import annotations

import pytest

from simlb.observe.live import WINDOW_SLOTS, Figures, LiveWindow
from tests.observe.told import FACTS, GROUP, Finished, batch, exchange

NOTHING = Figures(0.0, 0.0, {}, None, None)


class Second:
    """A window whose seconds a test fills."""

    def __init__(self) -> None:
        self.now = 0.0
        self.window = LiveWindow(lambda: self.now)
        self.window.start()

    def with_(self, *records: Finished) -> None:
        self.now += 1
        if records:
            self.window.take(batch(*records))
        self.window.close_slot()

    @property
    def balancer(self) -> Figures:
        return self.window.load_balancer(FACTS.elb)

    @property
    def target(self) -> Figures:
        return self.window.target(GROUP, "127.0.0.1:9001")


def test_rates_and_outcomes() -> None:
    second = Second()
    second.with_(*[exchange(200)] * 6, *[exchange(502, 0)] * 2, *[exchange(503)] * 2)
    second.with_()
    assert second.balancer.per_second == 5
    assert second.balancer.by_outcome == {"target 5xx": 1.0, "target 2xx": 3.0, "elb 5xx": 1.0}
    assert (second.target.per_second, second.target.errors_per_second) == (5, 1)


def test_what_is_older_than_the_window_does_not_count() -> None:
    second = Second()
    second.with_(exchange(200))
    for _ in range(WINDOW_SLOTS - 1):
        second.with_()
    assert second.balancer.per_second == 0.2
    second.with_()
    assert second.balancer == NOTHING


def test_percentiles_within_two_percent() -> None:
    second = Second()
    second.with_(
        *[exchange(ended_at=100.0 + value / 1000, target_processing_time=value / 2000) for value in range(1, 101)]
    )
    assert second.balancer.p50_s == pytest.approx(0.050, rel=0.03)
    assert second.balancer.p95_s == pytest.approx(0.095, rel=0.03)
    assert second.target.p95_s == pytest.approx(0.0475, rel=0.03)


def test_a_websocket_has_no_latency_and_a_redirect_no_target() -> None:
    second = Second()
    second.with_(exchange(101, kind="ws"), exchange(301, 0, target_address=None, ended_at=100.0))
    assert second.balancer.p95_s == pytest.approx(1e-6, rel=0.03)
    assert second.target.per_second == 1


def test_nothing_is_gathered_while_nobody_looks_but_totals() -> None:
    second = Second()
    second.with_(exchange())
    second.window.stop()
    second.window.take(batch(exchange()))
    assert second.balancer == NOTHING
    second.window.start()
    second.with_()
    assert second.balancer == NOTHING
    assert second.window.requests[FACTS.elb] == 2


def test_no_rate_before_there_is_a_time() -> None:
    second = Second()
    second.window.take(batch(exchange()))
    second.window.close_slot()
    assert second.balancer.per_second == 0
