"""Routing whatever happens: who may be asked, how weights share out, who stays with whom (reference 2.4, 5.5, 5.6)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.clock import ManualClock
from simlb.core.model import HealthCheck, TargetGroup
from tests.dataplane.harness import Rig, Script, TargetConnection
from tests.dataplane.routes import ask_many, get, groups_of_one, path, reply, route, rule, weighted


def bounded(examples: int) -> settings:
    return settings(derandomize=True, deadline=None, max_examples=examples)


INTERVAL_S, THRESHOLD, DELAY_S = 5, 2, 20


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Rig]:
    # No target hangs here, so that the clock may wait for a busy machine.
    rig = Rig(clock=ManualClock(1000.0, patience_s=10))
    await rig.start()
    try:
        yield rig
    finally:
        await rig.close()


def in_a_rig(play: Callable[[Rig], Awaitable[None]]) -> None:
    """Each example has a loop and a load balancer of its own."""

    async def run() -> None:
        async with running() as rig:
            await play(rig)

    asyncio.run(run())


# -- who may be asked --------------------------------------------------------------------------------------------------


class Seen(Enum):
    """A target as somebody sees it who watches its probes from outside."""

    INITIAL, HEALTHY, UNHEALTHY = "initial", "healthy", "unhealthy"


@dataclass
class Modelled:
    """One target: does it answer its checks, is it registered, and what follows from the probes it has answered."""

    is_well: bool = True
    is_registered: bool = False
    seen: Seen = Seen.INITIAL
    passes: int = 0
    failures: int = 0

    def register(self, is_registered: bool) -> None:
        if is_registered and not self.is_registered:
            self.seen, self.passes, self.failures = Seen.INITIAL, 0, 0
        self.is_registered = is_registered

    def on_probe(self) -> bool:
        """A probe has come; what is answered."""
        if self.is_well:
            self.passes, self.failures = self.passes + 1, 0
            if self.seen is Seen.INITIAL or self.passes >= THRESHOLD:
                self.seen = Seen.HEALTHY
        else:
            self.passes, self.failures = 0, self.failures + 1
            if self.failures >= THRESHOLD:
                self.seen = Seen.UNHEALTHY
        return self.is_well


@dataclass
class World:
    """Targets `a` to `d` in one group, and the model of each."""

    rig: Rig
    attributes: dict[str, object]
    models: dict[str, Modelled] = field(default_factory=dict)
    minimum: int = 1

    def script(self, name: str) -> Script:
        async def script(connection: TargetConnection) -> None:
            while request := await connection.request():
                is_probe = request.start_line.startswith("GET /health")
                is_well = self.models[name].on_probe() if is_probe else True
                await connection.send(reply(name, status="200 OK" if is_well else "500 Sorry"))

        return script

    async def start(self) -> None:
        for name in "abcd":
            self.models[name] = Modelled()
            await self.rig.target(self.script(name))
        await self.register("abcd")

    def group(self) -> TargetGroup:
        described = [
            self.rig.describe(target, number)
            for number, (model, target) in enumerate(zip(self.models.values(), self.rig.targets, strict=True), 1)
            if model.is_registered
        ]
        check = HealthCheck(
            path="/health",
            interval_s=INTERVAL_S,
            healthy_threshold_count=THRESHOLD,
            unhealthy_threshold_count=THRESHOLD,
        )
        group = self.rig.group(*described, delay_s=DELAY_S, **self.attributes)  # type: ignore[arg-type]
        return replace(group, health_check=check)

    async def register(self, names: str) -> None:
        for name, model in self.models.items():
            model.register(name in names)
        if self.rig.groups:
            self.rig.node.change_target_groups({"web": self.group()})
        else:
            await self.rig.apply(self.rig.listener(), groups=(self.group(),))
        await self.rig.clock.settle()

    def may_be_asked(self) -> str:
        registered = {name: model for name, model in self.models.items() if model.is_registered}
        if all(model.seen is Seen.INITIAL for model in registered.values()):
            return ""
        healthy = [name for name, model in registered.items() if model.seen is Seen.HEALTHY]
        return "".join(healthy if len(healthy) >= self.minimum else registered)


NAMES = st.text("abcd", max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("well"), NAMES),
    st.tuples(st.just("register"), NAMES),
    st.tuples(st.just("wait"), st.integers(1, 2 * INTERVAL_S)),
    st.tuples(st.just("ask"), st.integers(1, 8)),
)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["round_robin", "least_outstanding_requests", "weighted_random"])
@bounded(25)
@given(
    steps=st.lists(STEPS, min_size=10, max_size=30), minimum=st.integers(1, 4), slow_start_s=st.sampled_from([0, 30])
)
def test_nobody_is_asked_who_is_out(
    algorithm: str, steps: list[tuple[str, object]], minimum: int, slow_start_s: int
) -> None:
    async def play(rig: Rig) -> None:
        attributes: dict[str, object] = {"algorithm": algorithm, "minimum_healthy_targets_count": minimum}
        if algorithm == "round_robin":
            attributes["slow_start_s"] = slow_start_s
        world = World(rig, attributes, minimum=minimum)
        await world.start()
        for what, how in [*steps, ("ask", 8)]:
            if what == "well":
                for name, model in world.models.items():
                    model.is_well = name in str(how)
            elif what == "register":
                await world.register(str(how))
            elif what == "wait":
                await rig.clock.advance(float(str(how)))
            else:
                allowed = world.may_be_asked()
                client = await rig.client()
                for _ in range(int(str(how))):
                    response = await client.ask()
                    if allowed:
                        assert response.status == 200
                        assert response.body.decode() in allowed
                    else:
                        assert response.status == 503

    in_a_rig(play)


# -- weights -----------------------------------------------------------------------------------------------------------

CHI_SQUARE_MAX = (0.0, 19.5, 23.0, 25.9, 28.5)
"""By degrees of freedom: exceeded once in 100 000 times."""
REQUESTS = 300
WEIGHTS = st.one_of(
    st.lists(st.integers(0, 5), min_size=2, max_size=5).filter(any),
    # Nobody's share so small that the statistic would say nothing.
    st.lists(st.integers(100, 999), min_size=2, max_size=5),
)


@pytest.mark.slow
@bounded(12)
@given(weights=WEIGHTS)
def test_weights_become_shares(weights: list[int]) -> None:
    names = [f"g{number}" for number in range(len(weights))]

    async def play(rig: Rig) -> None:
        await groups_of_one(rig, *names)
        await route(rig, rule(1, action=weighted(**dict(zip(names, weights, strict=True)))))
        served = Counter(await ask_many(await rig.client(), REQUESTS, get()))
        expected = {
            name: REQUESTS * weight / sum(weights) for name, weight in zip(names, weights, strict=True) if weight
        }
        assert set(served) <= set(expected), "weight 0 gets nothing"
        chi_square = sum((served[name] - count) ** 2 / count for name, count in expected.items())
        assert chi_square <= CHI_SQUARE_MAX[len(expected) - 1]

    in_a_rig(play)


# -- stickiness --------------------------------------------------------------------------------------------------------


class Visitor:
    """A client with a cookie jar that makes a new connection each time."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.jar: dict[str, str] = {}

    async def ask(self, target: str = "/shop") -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        response = await self.rig.ask(get(target, *([f"Cookie: {cookies}"] if cookies else [])))
        assert response.status == 200
        self.jar |= dict(line.partition(";")[0].split("=", 1) for line in response.all("Set-Cookie"))
        return response.body.decode()


CHURN = st.one_of(
    st.tuples(st.just("register"), NAMES),
    st.tuples(st.just("well"), NAMES),
    st.tuples(st.just("wait"), st.integers(1, 2 * INTERVAL_S)),
    st.tuples(st.just("others"), st.integers(1, 4)),
)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["round_robin", "least_outstanding_requests"])
@bounded(25)
@given(churn=st.lists(CHURN, min_size=10, max_size=30))
def test_a_sticky_client_keeps_its_target_whatever_becomes_of_the_others(
    algorithm: str, churn: list[tuple[str, object]]
) -> None:
    async def play(rig: Rig) -> None:
        world = World(rig, {"algorithm": algorithm, "stickiness_enabled": True})
        await world.start()
        visitor = Visitor(rig)
        home = await visitor.ask()
        for what, how in churn:
            if what == "register":
                await world.register(f"{home}{how}")
            elif what == "well":
                for name, model in world.models.items():
                    model.is_well = name in f"{home}{how}"
            elif what == "wait":
                await rig.clock.advance(float(str(how)))
            else:
                client = await rig.client()
                await ask_many(client, int(str(how)), get())
            assert await visitor.ask() == home

    in_a_rig(play)


@pytest.mark.slow
@bounded(25)
@given(changes=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=8))
def test_a_sticky_client_keeps_its_group_whatever_the_weights_become(changes: list[tuple[int, int, int]]) -> None:
    async def play(rig: Rig) -> None:
        await groups_of_one(rig, "a", "b", "c")
        visitor, home = Visitor(rig), ""
        for weights in [(1, 1, 1), *changes]:
            shares = dict(zip("abc", weights, strict=True))
            await route(rig, rule(1, path("/shop"), action=weighted(sticky_s=60, **shares)))
            assert await visitor.ask() == (home := home or await visitor.ask())
            await rig.clock.advance(30)

    in_a_rig(play)
