"""The dry run: what a scenario's numbers come to by arithmetic alone, in AWS's time and at a given speed.

I interval, T timeout, U unhealthy and H healthy threshold, N targets, R requests per second. A failing target is
noticed after (U-1)·I to U·I, since it fails somewhere between two checks; one that hangs T later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simlb.core.attributes import LoadBalancerAttributes, TargetGroupAttributes
from simlb.errors import SimlbError
from simlb.scenario.expectations import bounds, expected_words
from simlb.scenario.expressions import Unseen
from simlb.scenario.history import History
from simlb.scenario.model import After, At, Expectation, Scenario, Words

SHORT_S = 0.25
"""A time-out that is shorter in real time may strike what is well: a busy machine pauses for a tenth of a second."""

_CONNECT_TIMEOUT_S = 10.0
_HANGS = frozenset({"target.hang", "link.blackhole"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A quantity from `low` to `high`, `mean` on average. Seconds are load-balancer seconds."""

    id: str
    title: Words
    formula: str
    low: float
    high: float
    mean: float | None = None
    unit: Literal["s", "requests"] = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An expectation, and what it comes to; `words` is None where only the run itself can tell."""

    expectation: Expectation
    words: Words | None
    bounds: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """A time-out of the load balancer, and what it comes to in real time."""

    title: Words
    aws_s: float
    real_s: float

    @property
    def is_short(self) -> bool:
        """Whether it comes near what a healthy target takes on a busy machine."""
        return self.real_s < SHORT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """All that is known beforehand. `lasts_s` is how long the story takes if every step waits as long as it may."""

    speed: float
    estimates: tuple[Estimate, ...]
    expected: tuple[Expected, ...]
    timeouts: tuple[Timeout, ...]
    lasts_s: float


def dry_run(scenario: Scenario, speed: float | None = None) -> DryRun:
    """The arithmetic of a scenario at `speed`, or at its own. Raises SimlbError E664 above its `max_speed`."""
    speed = check_speed(scenario, speed)
    return DryRun(
        speed=speed,
        estimates=tuple(_estimates(scenario)),
        expected=tuple(_expected(scenario)),
        timeouts=tuple(_timeouts(scenario, speed)),
        lasts_s=_lasts_s(scenario),
    )


def check_speed(scenario: Scenario, speed: float | None) -> float:
    """The speed to run at. Raises SimlbError E664 above `max_speed`."""
    if speed is None:
        return scenario.speed
    if speed > scenario.max_speed:
        raise SimlbError(
            "E664",
            f"{scenario.id} runs at most {scenario.max_speed:g} times as fast, not {speed:g}: "
            "beyond that its numbers are no longer those of a load balancer but of this machine.",
            f"--speed {scenario.max_speed:g}",
        )
    return speed


def _estimates(scenario: Scenario) -> Iterator[Estimate]:
    v = scenario.variables
    if "I" not in v:
        return
    interval, timeout, unhealthy, healthy = v["I"], v["T"], v["U"], v["H"]
    low, high, mean = (unhealthy - 1) * interval, unhealthy * interval, (unhealthy - 0.5) * interval
    yield Estimate(
        id="detect",
        title=Words(en="out of rotation, refused or wrong code", ko="제외되기까지 (연결 거부, 다른 응답 코드)"),
        formula="(U-1)·I … U·I",
        low=low,
        high=high,
        mean=mean,
    )
    yield Estimate(
        id="detect_hang",
        title=Words(en="out of rotation, no answer", ko="제외되기까지 (응답 없음)"),
        formula="(U-1)·I+T … U·I+T",
        low=low + timeout,
        high=high + timeout,
        mean=mean + timeout,
    )
    yield Estimate(
        id="back",
        title=Words(en="back in rotation", ko="복귀하기까지"),
        formula="(H-1)·I … H·I",
        low=(healthy - 1) * interval,
        high=healthy * interval,
    )
    yield Estimate(
        id="new",
        title=Words(en="a new target becomes healthy", ko="새 대상이 정상이 되기까지"),
        formula="0 … I",
        low=0,
        high=interval,
    )
    if v.get("R") and v["N"]:
        yield from _losses(scenario, low, high, mean)
    yield Estimate(
        id="drain",
        title=Words(en="a deregistered target drains", ko="등록 해제된 대상의 드레이닝"),
        formula="deregistration delay",
        low=0,
        high=_group_attributes(scenario).deregistration_delay_s,
    )


def _losses(scenario: Scenario, low: float, high: float, mean: float) -> Iterator[Estimate]:
    """What one target of N costs."""
    v = scenario.variables
    each, timeout, idle = v["R"] / v["N"], v["T"], _balancer_attributes(scenario).idle_timeout_s
    yield Estimate(
        id="lost",
        title=Words(en="requests lost to one dead target", ko="죽은 대상 하나 때문에 실패하는 요청"),
        formula="R/N × detect",
        low=each * low,
        high=each * high,
        mean=each * mean,
        unit="requests",
    )
    actions = (*scenario.topology.faults, *(action for step in scenario.timeline for action in step.actions))
    if not any(getattr(action, "type", None) in _HANGS for action in actions):
        return
    yield Estimate(
        id="hang_first",
        title=Words(en="a hung target: first 504 after", ko="멈춘 대상: 첫 504까지"),
        formula="idle timeout",
        low=idle,
        high=idle,
    )
    yield Estimate(
        id="hang_last",
        title=Words(en="a hung target: last 504 after", ko="멈춘 대상: 마지막 504까지"),
        formula="detect + T + idle timeout",
        low=low + timeout + idle,
        high=high + timeout + idle,
    )
    yield Estimate(
        id="hang_in_flight",
        title=Words(en="a hung target: requests in flight", ko="멈춘 대상: 응답을 기다리는 요청"),
        formula="R/N × min(idle timeout, detect + T)",
        low=each * min(idle, low + timeout),
        high=each * min(idle, high + timeout),
        unit="requests",
    )


def _expected(scenario: Scenario) -> Iterator[Expected]:
    history = History()
    history.variables = scenario.variables
    history.groups = scenario.topology.groups
    for expectation in scenario.expectations:
        try:
            words, limits = expected_words(expectation, history), bounds(expectation, history)
        except Unseen:
            yield Expected(expectation=expectation, words=None, bounds=None)
        else:
            yield Expected(expectation=expectation, words=words, bounds=limits)


def _timeouts(scenario: Scenario, speed: float) -> Iterator[Timeout]:
    timeouts = [(Words(en="connect to a target", ko="대상 연결"), _CONNECT_TIMEOUT_S)]
    timeouts.append(
        (Words(en="idle timeout", ko="유휴 제한 시간"), float(_balancer_attributes(scenario).idle_timeout_s))
    )
    if "T" in scenario.variables:
        timeouts.insert(0, (Words(en="health check timeout", ko="상태 검사 제한 시간"), scenario.variables["T"]))
    for load in scenario.loads:
        if "timeout_s" in load.plan:
            title = Words(en=f"patience of '{load.id}'", ko=f"'{load.id}'의 대기 시간")
            timeouts.append((title, float(load.plan["timeout_s"])))
    for title, aws_s in timeouts:
        yield Timeout(title=title, aws_s=aws_s, real_s=aws_s / speed)


def _lasts_s(scenario: Scenario) -> float:
    now = 0.0
    for step in scenario.timeline:
        trigger = step.trigger
        if isinstance(trigger, At):
            now = max(now, trigger.at_s)
        elif isinstance(trigger, After):
            # The event is mostly that of the step before; how long it may be waited for is a matter of last resort.
            now += trigger.wait_s
        else:
            now += trigger.within_s
    return now


def _balancer_attributes(scenario: Scenario) -> LoadBalancerAttributes:
    return LoadBalancerAttributes.from_wire(_wire(scenario, "load_balancers"))


def _group_attributes(scenario: Scenario) -> TargetGroupAttributes:
    return TargetGroupAttributes.from_wire(_wire(scenario, "target_groups"))


def _wire(scenario: Scenario, key: str) -> Mapping[str, str]:
    """The attributes of the first of its kind, as AWS writes them."""
    first: Mapping[str, Any] = next(iter(scenario.topology.config.get(key, ())), {})
    attributes: Mapping[str, Any] = first.get("attributes", {})
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()}
