"""A small right scenario, and what becomes of it when a line is changed."""

from __future__ import annotations

from pathlib import Path

from simlb.config import InvalidConfigError
from simlb.core.model import Protocol
from simlb.errors import ConfigError
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.scenario.compile import compile_text
from simlb.scenario.model import Scenario

TEXT = """\
simlb: scenario/1
id: small
title: {ko: 작은 것, en: A small one}
summary: One text for both
clock: {speed: 10, max_speed: 25, seed: 7}
topology:
  targets:
    web: {count: 3, latency: 12ms}
  health: {path: /health, interval: 30s, timeout: 5s, unhealthy: 2, healthy: 5}
  listeners:
    - {http: 80, forward: web}
load:
  - {id: users, rate: 20/s, path: "/items/{n}", timeout: 70s}
steady_state:
  for: 5s
  that: ["healthy(web) == N"]
timeline:
  - at: 0s
    say: Hello {N}
  - at: 10s
    fault: {id: crash, type: target.crash, on: web/3}
  - when: health(web/3) == unhealthy
    within: 65s
    mark: out
  - after: {event: out, wait: 20s}
    heal: crash
expect:
  - {id: detect, that: "between(crash, out)", in: ["(U-1)*I", "U*I + 2s"]}
  - {id: share, that: "ratio(elb_502, from=crash, to=out)", approx: 1/N, tol: 0.05}
"""


def _no_fault(order: Order) -> object:
    raise AssertionError(f"checking built {order.name}")


def _type(
    name: str,
    scope: Scope = Scope.TARGET,
    *parameters: Parameter,
    selectors: frozenset[str] = frozenset(),
    own_only: bool = False,
    protocol: Protocol | None = None,
) -> FaultType:
    return FaultType(
        name=name,
        scope=scope,
        build=_no_fault,  # type: ignore[arg-type]
        parameters=parameters,
        selectors=selectors,
        own_only=own_only,
        protocol=protocol,
        en="",
        ko="",
        consequence_en="",
        consequence_ko="",
    )


TYPES = {
    fault_type.name: fault_type
    for fault_type in (
        _type("target.crash", own_only=True),
        _type("target.hang", own_only=True),
        _type("gate.close", Scope.LISTENER),
        _type("config.path", Scope.TARGET_GROUP, Parameter(name="path", kind="text", en="", ko="")),
        _type(
            "link.latency",
            Scope.TARGET,
            Parameter(name="latency", kind="duration", en="how much", ko=""),
            selectors=frozenset({"percent", "match"}),
        ),
    )
}
"""Faults to compile against: these tests are about the language."""


def compiled(text: str = TEXT, folder: Path | None = None) -> Scenario:
    """Compile a text, as a file of `folder`."""
    return compile_text(text, "s.yaml", None if folder is None else folder / "s.yaml", fault_types=TYPES)


def changed(old: str, new: str) -> str:
    """The small scenario with one place changed."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def problems(text: str, folder: Path | None = None) -> list[str]:
    """What is wrong with a text: `code line: what`, by line."""
    try:
        compiled(text, folder)
    except InvalidConfigError as error:
        return [f"{problem.code} {problem.place.text}: {problem.what}" for problem in error.problems]
    except ConfigError as error:
        return [f"{error.code} {error.what}"]
    return []
