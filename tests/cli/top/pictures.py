"""Pulses and events for the tests of `simlb top`, and what it shows of them."""

from __future__ import annotations

import io
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from simlb.cli.top.labels import ENGLISH, Labels
from simlb.cli.top.model import Model
from simlb.cli.top.view import render
from simlb.core.event_json import Told
from simlb.core.events import Event, ProcessExited, RequestFinished, TargetStateChanged
from simlb.core.pulse import LoadBalancerPulse, Pulse, TargetPulse


def target(name: str, state: str = "healthy", **changes: Any) -> TargetPulse:
    """A target of the group `web` that is well and has traffic."""
    values: dict[str, Any] = {
        "target_group": "web",
        "target": name,
        "address": f"127.0.0.1:90{name[-2:]}",
        "state": state,
        "reason": None if state == "healthy" else "Target.FailedHealthChecks",
        "last_check": "200 in 2 ms (pass 14)" if state == "healthy" else "connection refused (fail 2)",
        "next_check_in_s": 12.0,
        "since_s": 75.0,
        "requests": 100,
        "in_flight": 1,
        "per_second": 20.0 if state == "healthy" else 0.0,
        "errors_per_second": 0.0,
        "p50_s": 0.002,
        "p95_s": 0.0125 if state == "healthy" else None,
    }
    return TargetPulse(**values | changes)


def pulse(*targets: TargetPulse, at_s: float = 100.0, speed: float = 10.0) -> Pulse:
    """These targets behind one load balancer."""
    balancer = LoadBalancerPulse(
        load_balancer="demo",
        requests=1000,
        in_flight=3,
        connections=7,
        per_second=60.0,
        by_outcome={"elb 5xx": 1.5, "target 2xx": 58.5},
        p50_s=0.002,
        p95_s=0.012,
    )
    return Pulse(at_s=at_s, real_s=at_s / speed, speed=speed, load_balancers=(balancer,), targets=targets)


def error(
    real_s: float, target: str | None = "i-03", failure: str | None = "connection refused", **changes: Any
) -> Any:
    """A request that a target let down."""
    values: dict[str, Any] = {
        "at_s": real_s * 10,
        "real_s": real_s,
        "number": 7,
        "load_balancer": "demo",
        "listener_port": 443,
        "client": "127.0.0.1:50000",
        "method": "GET",
        "host": "demo.localhost",
        "path": "/",
        "action": "forward",
        "rule_priority": None,
        "elb_status_code": 502,
        "target_status_code": 0,
        "target_group": "web",
        "target": target,
        "target_address": "127.0.0.1:9003",
        "failure": failure,
        "duration_s": 0.001,
        "trace_id": "Root=1-0-0",
    }
    return RequestFinished(**values | changes)


def changed(real_s: float, name: str, state: str, *, evidence: str = "connection refused") -> TargetStateChanged:
    """A target went from or to healthy."""
    return TargetStateChanged(
        at_s=real_s * 10,
        real_s=real_s,
        target_group="web",
        target=name,
        label=name,
        address="127.0.0.1:9003",
        previous_state="unhealthy" if state == "healthy" else "healthy",
        state=state,
        reason=None if state == "healthy" else "Target.FailedHealthChecks",
        description=None if state == "healthy" else "Health checks failed",
        evidence=evidence,
    )


THREE = pulse(
    target("i-01", per_second=24.5),
    target("i-02", per_second=12.0, errors_per_second=1.5),
    target("i-03", "unhealthy", next_check_in_s=4.4),
)
KILLED: tuple[Event, ...] = (
    ProcessExited(at_s=61, real_s=6.1, process="i-03", pid=4123, status=-9, target_groups=("web",)),
    *[error(6.2 + step / 50) for step in range(41)],
    changed(8, "i-03", "unhealthy"),
)
"""A target is killed; requests to it fail until that is noticed."""


def shown(
    *events: Told, width: int = 80, height: int | None = 24, labels: Labels = ENGLISH, is_lost: bool = False
) -> list[str]:
    """The lines of the picture, which has to fit."""
    model = Model("default")
    model.connected(speed=10, control="127.0.0.1:8089")
    for event in events:
        model.take(event, 0.0)
    if is_lost:
        model.lost()
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, color_system=None)
    console.print(render(model, 0.0, width=width, height=height, labels=labels))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert height is None or len(lines) <= height
    return [line.rstrip() for line in lines]
