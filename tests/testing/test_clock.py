"""Time that a test moves: from its own thread, on the loop, for several load balancers at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, Clock, FakeBackend


def test_a_dead_target_leaves_and_returns(new_alb: Callable[..., ALB]) -> None:
    """U=2 failures 30 s apart take it out, H=5 passes bring it back."""
    clock = Clock("manual")
    backend, other = FakeBackend(), FakeBackend()
    alb = new_alb(clock=clock)
    web = alb.target_group("web", backend, other, interval=30, unhealthy=2, healthy=5)
    with alb.listen(80).forward(web).start():
        backend.crash()
        clock.advance(60)
        assert (web[0].state, web[0].reason) == ("unhealthy", "Target.FailedHealthChecks")
        backend.restart()
        clock.advance(120)
        assert web[0].state == "unhealthy"
        clock.advance(30)
        assert web[0].state == "healthy"
    assert clock.now == 210


def test_probes_that_hang_cost_little_real_time(new_alb: Callable[..., ALB]) -> None:
    clock = Clock("manual", patience_s=0.02)
    backend = FakeBackend()
    alb = new_alb(clock=clock)
    web = alb.target_group("web", backend, interval=30, timeout=20)
    with alb.listen(80).forward(web).start():
        backend.hang(health=True)
        began = time.monotonic()
        clock.advance(90)
        assert time.monotonic() - began < 0.2
        assert (web[0].state, web[0].reason) == ("unhealthy", "Target.Timeout")


def test_one_clock_for_two_load_balancers(new_alb: Callable[..., ALB]) -> None:
    clock = Clock("manual")
    groups = []
    for name in ("one", "two"):
        alb = new_alb(name, clock=clock)
        backend = FakeBackend()
        groups.append(alb.target_group("web", backend, interval=30))
        alb.listen(80).forward("web").start()
        backend.crash()
    clock.advance(60)
    assert [str(group[0].state) for group in groups] == ["unhealthy", "unhealthy"]


def test_a_load_balancer_that_starts_late_has_the_clock_s_time(new_alb: Callable[..., ALB]) -> None:
    clock = Clock("manual")
    clock.advance(100)
    alb = new_alb(clock=clock)
    with alb.listen(80).fixed(200).start() as lb:
        lb.get("/")
        clock.advance(5)
        lb.get("/")
        assert [record.at_s for record in lb.log] == [0, 5]
    assert clock.now == 105


def test_latencies_go_by_the_clock(new_alb: Callable[..., ALB]) -> None:
    clock = Clock("manual")
    alb = new_alb(clock=clock)
    alb.listen(80).forward("web", FakeBackend(latency="10s", text="late"))
    with alb.start() as lb, pytest.raises(TimeoutError):
        lb.get("/", timeout=0.02)

    async def ask() -> str:
        async with alb as lb:
            asking = asyncio.create_task(lb.aget("/"))
            await lb.in_flight(1)
            await lb.wait(lambda: len(alb.backends[0].requests) == 2)
            await clock.advance(10)
            return (await asking).text

    assert asyncio.run(ask()) == "late"


def test_a_fast_clock(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb(clock=Clock(speed=1000))
    backend = FakeBackend()
    web = alb.target_group("web", backend, interval=5, timeout=2)
    with alb.listen(80).forward(web).start() as lb:
        backend.crash()
        lb.wait(web[0].state == "unhealthy", timeout=2)
        assert lb.clock.now > 5


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: Clock("slow"), "no clock 'slow'"),  # type: ignore[arg-type]
        (lambda: Clock(speed=0), "above 0"),
        (lambda: Clock(speed=float("nan")), "above 0"),
        (lambda: Clock(speed=2000), "at most 1000"),
        (lambda: Clock("manual", speed=2), "no speed"),
        (lambda: Clock("manual").advance(-1), "moved by -1"),
        (lambda: Clock("manual").advance(float("inf")), "moved by inf"),
        (lambda: ALB(clock="manul"), "no clock 'manul'"),  # type: ignore[arg-type]
    ],
)
def test_refused(make: Callable[[], object], what: str) -> None:
    with pytest.raises(SimlbError, match=what) as caught:
        make()
    assert caught.value.code == "E690"
