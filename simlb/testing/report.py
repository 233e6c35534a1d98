"""What a failed test needs to see: targets' states with reasons, installed faults, what happened, the last lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simlb.core.events import Event, Notice, TargetStateChanged
from simlb.core.log_kinds import LogKind

if TYPE_CHECKING:
    from simlb.controlplane.views import TargetView
    from simlb.testing.running import RunningLoadBalancer

LINES = 20


def report(running: RunningLoadBalancer) -> str:
    """A few lines to put under an assertion. On the load balancer's loop."""
    view = running.app.view()
    lines = running.app.observing.log_lines(LogKind.ACCESS, -LINES, LINES).lines
    blocks = [
        f"load balancer {running.alb.name}, clock {running.clock.words}",
        *_block(
            "targets", [_target_words(group.name, target) for group in view.target_groups for target in group.targets]
        ),
        *_block("faults", running.fault_words()),
        *_block("timeline", [event_words(event) for event in running.events][-LINES:]),
        *_block(f"last {len(lines)} access-log lines", lines or ("none",)),
    ]
    return "\n".join(blocks)


def to_json(running: RunningLoadBalancer) -> dict[str, Any]:
    """The same and more, for a file beside a failed test. On the load balancer's loop."""
    view = running.app.view()
    assert running.app.traffic is not None
    lines = running.app.observing.log_lines(LogKind.ACCESS, -1000, 1000).lines
    return {
        "load_balancer": running.alb.name,
        "clock": running.clock.words,
        "target_groups": [asdict(group) for group in view.target_groups],
        "faults": running.fault_words(),
        "counters": dict(view.counters),
        "events": [{"event": type(event).__name__, **asdict(event)} for event in running.events],
        "traffic": [record.to_json() for record in running.app.traffic.records()][-1000:],
        "access_log": list(lines),
    }


def event_words(event: Event) -> str:
    """An event in one line."""
    if isinstance(event, TargetStateChanged):
        evidence = f" ({event.evidence})" if event.evidence else ""
        reason = f" {event.reason}" if event.reason else ""
        return f"{event.at_s:9.3f} s  {event.label}: {event.previous_state} -> {event.state}{reason}{evidence}"
    if isinstance(event, Notice):
        return f"             {event.level}: {event.text}"
    fields = asdict(event)
    at_s = fields.pop("at_s", 0.0)
    words = ", ".join(f"{key}={value}" for key, value in fields.items() if key != "real_s" and value not in (None, ()))
    return f"{at_s:9.3f} s  {type(event).__name__} {words}"


def _target_words(group: str, target: TargetView) -> str:
    reason = f" {target.reason}" if target.reason else ""
    hint = f"\n      -> {target.hint}" if target.hint else ""
    return (
        f"{group}  {target.name} {target.address}  {target.state}{reason}  last check: {target.last_check}, "
        f"in flight {target.in_flight}{hint}"
    )


def _block(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
