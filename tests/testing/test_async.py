"""The same load balancer on the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.loops import Home
from simlb.testing.running import NotReachedError


async def test_requests_and_states(alb: ALB) -> None:
    web = alb.target_group("web", FakeBackend(text="a"), FakeBackend(text="b"))
    async with alb.listen(80).forward(web) as lb:
        texts = [(await lb.aget("/")).text for _ in range(4)]
        assert sorted(texts) == ["a", "a", "b", "b"]
        assert web.healthy == 2
        assert lb.served_by() == {"i-01": 2, "i-02": 2}
        assert (await lb.arequest("POST", "/", json={})).status_code == 200
    assert lb.is_stopped


async def test_https(alb: ALB) -> None:
    alb.listen(443, cert="api.example.com").fixed(200, "secure")
    async with alb as lb:
        assert (await lb.aget("https://api.example.com/")).text == "secure"


async def test_blocking_calls_are_refused_on_the_loop_and_welcome_beside_it(alb: ALB) -> None:
    alb.listen(80).fixed(200, "here")
    async with alb as lb:
        for block in (lambda: lb.get("/"), lb.stop, lambda: lb.session().get("http://a.test/")):
            with pytest.raises(SimlbError, match="event loop that it is called on") as caught:
                block()
            assert caught.value.code == "E693"
        assert (await asyncio.to_thread(lb.get, "/")).text == "here"
        assert await asyncio.to_thread(lambda: len(lb.log)) == 1


async def test_waiting(alb: ALB) -> None:
    backend = FakeBackend()
    backend.hang(health=True)
    web = alb.target_group("web", backend)
    async with alb.listen(80).forward(web) as lb:
        asyncio.get_running_loop().call_later(0.005, backend.resume)
        await lb.wait(web.healthy == 1)
        await lb.wait_until_healthy()

        async def asked() -> bool:
            return (await lb.aget("/")).ok

        await lb.wait(asked)
        with pytest.raises(NotReachedError, match=r"web.healthy == 2"):
            await lb.wait(web.healthy == 2, timeout=0.01)


async def test_crash_and_restart(alb: ALB) -> None:
    backend = FakeBackend()
    async with alb.listen(80).forward("web", backend) as lb:
        backend.crash()
        assert (await lb.aget("/")).status_code == 502
        await backend.restart()
        assert (await lb.aget("/")).status_code == 200


async def test_a_timeout_shows_how_things_stand(alb: ALB) -> None:
    async with alb.listen(80).forward("web", FakeBackend(hang=True)) as lb:
        with pytest.raises(TimeoutError) as caught:
            await lb.aget("/", timeout=0.02)
        assert "in flight 1" in "\n".join(caught.value.__notes__)


async def test_advancing_begins_at_once_and_can_be_awaited(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb(clock="manual")
    backend = FakeBackend()
    web = alb.target_group("web", backend, interval=30)
    async with alb.listen(80).forward(web) as lb:
        backend.crash()
        await lb.clock.advance(60)
        assert web[0].state == "unhealthy"
        lb.clock.advance(30)
        await lb.clock.advance(30)
        assert lb.clock.now == 120


def test_no_loop_of_asyncio_is_running(alb: ALB) -> None:
    """As under trio: the coroutine runs, yet not on an asyncio loop."""
    alb.listen(80).fixed(200)
    entering = alb.__aenter__()
    with pytest.raises(SimlbError, match="none is running here") as caught:
        entering.send(None)
    assert caught.value.code == "E692"
    assert not alb.is_running


class TestBeginning:
    """Work on the loop's own thread runs at once as far as it can, and goes on by itself."""

    async def test_done_at_once(self) -> None:
        async def work() -> int:
            return 7

        begun = Home.here().begin(work())
        assert await begun == 7

    async def test_goes_on(self) -> None:
        steps: list[str] = []
        gate = asyncio.Event()

        async def work() -> str:
            steps.append("begun")
            await asyncio.sleep(0)
            await gate.wait()
            steps.append("done")
            return "result"

        begun = Home.here().begin(work())
        assert steps == ["begun"]
        gate.set()
        assert await begun == "result"
        assert steps == ["begun", "done"]

    async def test_errors_now_and_later(self) -> None:
        async def now() -> None:
            raise ValueError("now")

        async def later() -> None:
            await asyncio.sleep(0)
            raise ValueError("later")

        home = Home.here()
        with pytest.raises(ValueError, match="now"):
            home.begin(now())
        begun = home.begin(later())
        with pytest.raises(ValueError, match="later"):
            await begun

    async def test_cancelled_meanwhile(self) -> None:
        ends: list[str] = []

        async def work() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ends.append("cancelled")

        begun = Home.here().begin(work())
        assert isinstance(begun, asyncio.Task)
        await asyncio.sleep(0)
        begun.cancel()
        with pytest.raises(asyncio.CancelledError):
            await begun
        assert ends == ["cancelled"]
