"""target.slow: a target that takes its time, always the same, drawn, or more and more."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from simlb.dataplane.points import Asked, Treatment
from simlb.errors import SimlbError
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, TargetFault, on_targets

Distribution = Callable[[], float]
"""Seconds for the next request."""

_TAKES = {"fixed": ("delay",), "lognormal": ("median", "sigma"), "ramp": ("delay", "to", "over")}
_NEEDS = {"fixed": ("delay",), "lognormal": ("median",), "ramp": ("to", "over")}
_SIGMA = 0.5


class Slow(Passive):
    """Adds to the time the target takes, while a place of its capacity is occupied."""

    def __init__(self, *, draw_s: Distribution, selector: Selector) -> None:
        self._draw_s = draw_s
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Clients' requests and checks alike."""
        if self._selector.strikes(asked):
            treatment.delay_s += self._draw_s()


def fixed(delay_s: float) -> Distribution:
    """Always the same."""
    return lambda: delay_s


def lognormal(median_s: float, sigma: float, random: Random) -> Distribution:
    """As response times are: half below the median, few far above. 95 % are below `median_s * exp(1.645 * sigma)`."""
    return lambda: random.lognormvariate(math.log(median_s), sigma)


def ramp(from_s: float, to_s: float, over_s: float, now: Callable[[], float]) -> Distribution:
    """Evenly from one to the other from now on, then the other."""
    start = now()
    return lambda: from_s + (to_s - from_s) * min(1.0, (now() - start) / over_s)


def _make(order: Order, site: Site) -> Slow:
    values = order.values
    distribution = order.text("distribution")
    if distribution == "fixed":
        draw_s = fixed(order.number("delay"))
    elif distribution == "lognormal":
        sigma = order.number("sigma") if "sigma" in values else _SIGMA
        draw_s = lognormal(order.number("median"), sigma, Random(site.random.getrandbits(64)))
    else:
        start_s = order.number("delay") if "delay" in values else 0.0
        draw_s = ramp(start_s, order.number("to"), order.number("over"), site.clock.now)
    return Slow(draw_s=draw_s, selector=order.selector)


def _build(order: Order) -> TargetFault:
    distribution = order.text("distribution")
    given = order.values.keys() - {"distribution"}
    for name in sorted(given - set(_TAKES[distribution])):
        raise SimlbError(
            "E620",
            f"target.slow: {name} does not go with distribution={distribution}.",
            f"it takes {', '.join(_TAKES[distribution])}",
        )
    for name in _NEEDS[distribution]:
        if name not in given:
            raise SimlbError("E621", f"target.slow needs {name}.", f"such as {name}=300ms")
    return on_targets(_make)(order)


def _duration(name: str, en: str, ko: str, *, minimum: float = 0.0) -> Parameter:
    return Parameter(name=name, kind="duration", minimum=minimum, maximum=3600.0, is_optional=True, en=en, ko=ko)


FAULT_TYPE = FaultType(
    name="target.slow",
    scope=Scope.TARGET,
    build=_build,
    parameters=(
        Parameter(
            name="distribution",
            kind="choice",
            default="fixed",
            choices=tuple(_TAKES),
            en="fixed: always the same; lognormal: drawn, as real services are; ramp: more and more",
            ko="fixed: 늘 같게, lognormal: 실제 서비스처럼 무작위로, ramp: 점점 더",
        ),
        _duration("delay", "fixed: how much slower; ramp: how slow it begins", "fixed: 늦어지는 시간, ramp: 시작 값"),
        _duration(
            "median",
            "lognormal: half of the requests take less",
            "lognormal: 요청의 절반은 이보다 짧습니다",
            minimum=0.0001,
        ),
        Parameter(
            name="sigma",
            kind="number",
            minimum=0.0,
            maximum=3.0,
            is_optional=True,
            en="lognormal: how far the slow ones are off (0.5 when left out: 5 % take over 2.3 times the median)",
            ko="lognormal: 느린 요청이 얼마나 더 느린가 (생략하면 0.5: 5 % 는 중앙값의 2.3배 이상)",
        ),
        _duration("to", "ramp: how slow it gets", "ramp: 끝 값"),
        _duration("over", "ramp: how long that takes", "ramp: 끝 값까지 걸리는 시간", minimum=0.001),
    ),
    selectors=SELECTORS,
    own_only=True,
    en="The target takes longer for each request, health checks included.",
    ko="대상이 요청마다(상태 검사 포함) 더 오래 걸립니다.",
    consequence_en="round_robin goes on sending it its share; least_outstanding_requests sends it less. Its answers "
    "make the p95. Over the idle timeout: 504.",
    consequence_ko="round_robin 은 똑같은 몫을 계속 보내고, least_outstanding_requests 는 덜 보냅니다. "
    "p95 는 이 대상이 정합니다. 유휴 제한 시간을 넘으면 504 입니다.",
)
