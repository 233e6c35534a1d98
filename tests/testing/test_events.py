"""The events of a load balancer under test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simlb.core.events import ConfigurationChanged, FaultInstalled, RequestFinished, TargetStateChanged
from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import NotReachedError


@pytest.fixture
def alb(new_alb: Callable[..., ALB]) -> ALB:
    alb = new_alb(clock="manual")
    web = alb.target_group("web", FakeBackend(), FakeBackend())
    alb.listen(80).forward(web)
    return alb


def test_iterating(alb: ALB) -> None:
    with alb.start() as lb, lb.event_stream("request_finished", "fault_installed") as events:
        lb.get("/a?secret=1")
        with lb.fault("http.abort", status=503, count=1):
            lb.get("/b")
            first, second, third = (next(events) for _ in range(3))
        assert isinstance(first, RequestFinished)
        assert (first.path, first.elb_status_code, first.target_group) == ("/a", 200, "web")
        assert isinstance(second, FaultInstalled)
        assert isinstance(third, RequestFinished)
        assert (third.path, third.produced_by) == ("/b", "target")
        assert events.so_far() == []


def test_a_target_that_fails(alb: ALB) -> None:
    with alb.start() as lb, lb.event_stream("target_state_changed") as events:
        backend = alb.target_groups[0][0].backend
        assert backend is not None
        backend.crash()
        lb.clock.advance(90)
        event = next(event for event in events if isinstance(event, TargetStateChanged))
        assert (event.state, event.evidence) == ("unhealthy", "connection refused")


def test_nothing_happens(alb: ALB) -> None:
    with alb.start() as lb:
        events = lb.event_stream("fault_installed", timeout=0.01)
        lb.get("/")
        with pytest.raises(NotReachedError, match=r"an event \(fault_installed\): not reached within 0.01 s"):
            next(events)
        events.close()
        events.close()


def test_its_end_ends_the_iteration(alb: ALB) -> None:
    with alb.start() as lb:
        events = lb.event_stream("request_finished")
        lb.get("/")
    assert [type(event) for event in events] == [RequestFinished]


def test_a_callback(alb: ALB) -> None:
    heard: list[object] = []
    with alb.start() as lb:
        stop = lb.on_event(heard.append)
        with lb.fault("config.empty_group", on="web"):
            stop()
    assert [type(event) for event in heard][-2:] == [ConfigurationChanged, FaultInstalled]


def test_a_callback_that_fails_fails_the_test(new_alb: Callable[..., ALB], alb: ALB) -> None:
    with alb.start() as lb:
        lb.on_event(lambda event: 1 / 0, "fault_installed")
        with lb.fault("http.abort", status=503):
            pass
        assert lb.get("/").status_code == 200
        with pytest.raises(AssertionError, match="on_event: ZeroDivisionError"):
            lb.check()
        lb._problems.clear()


def test_no_such_type(alb: ALB) -> None:
    with alb.start() as lb, pytest.raises(SimlbError, match="no event type 'request'") as caught:
        lb.on_event(print, "request")
    assert caught.value.code == "E771"


async def test_in_async_code(alb: ALB) -> None:
    async with alb as lb:
        with lb.event_stream("request_finished") as events:
            await lb.aget("/a")
            async for event in events:
                assert isinstance(event, RequestFinished)
                assert event.path == "/a"
                break
            with pytest.raises(SimlbError) as caught:
                next(events)
            assert caught.value.code == "E693"
