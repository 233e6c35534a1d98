"""Tells when targets are too slow for the speed: their latencies come near a time-out that the clock has shortened.

Fed with batches that the access log writes anyway, and with the probes that lie about: nothing on a request's path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from simlb.core.access_log import ExchangeRecord
from simlb.core.events import Notice
from simlb.core.health import ProbeResult
from simlb.core.latency_watch import Crossing, LatencyWatch, slower
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.target_failure import TargetFailure

if TYPE_CHECKING:
    from simlb.app.application import App

REQUESTS_NEEDED = 100
PROBES_NEEDED = 20
LOOK_S = 1.0
"""How often the last probes are looked at, in real seconds. Those in between are missed: a sample is enough."""


class LatencyWarner:
    """Warns once for each target, and again only after it had been fine. Of use only at a speed above 1."""

    def __init__(
        self, speed: float, notify: Callable[[Notice], None], is_disturbed: Callable[[str], bool] = lambda target: False
    ) -> None:
        """What a target does while it `is_disturbed`, by a fault, says nothing about it."""
        self._speed = speed
        self._notify = notify
        self._is_disturbed = is_disturbed
        self._requests = LatencyWatch(REQUESTS_NEEDED)
        self._probes = LatencyWatch(PROBES_NEEDED)

    def on_batch(self, records: Sequence[ExchangeRecord]) -> None:
        """Requests that are over."""
        for record in records:
            if not isinstance(record, Exchange) or record.target is None:
                continue
            if record.target_status_code:
                latency_s = record.target_processing_time
            elif record.failure is TargetFailure.IDLE:
                # Ended by the time-out itself: it took all of it, and nobody knows how much more it needed.
                latency_s = record.ended_at - record.created_at
            else:
                continue
            name = record.target.target.name
            if self._is_disturbed(name):
                continue
            timeout_s = record.plan.attributes.idle_timeout_s
            crossing = self._requests.add((record.facts.elb, name), latency_s, timeout_s / self._speed)
            if crossing is not None:
                self._warn(name, "answer", "requests", "idle timeout", timeout_s, crossing)

    def on_probe(self, target_group: str, name: str, probe: ProbeResult, timeout_s: float) -> None:
        """A probe that was answered. One that timed out shows in the target's state, with a hint about the speed."""
        if probe.status_code is None or self._is_disturbed(name):
            return
        crossing = self._probes.add((target_group, name), probe.latency_s, timeout_s / self._speed)
        if crossing is not None:
            what = f"health-check timeout of {target_group}"
            self._warn(name, "answer health checks", "of them looked at", what, timeout_s, crossing)

    def _warn(self, name: str, verb: str, counted: str, timeout: str, timeout_s: float, crossing: Crossing) -> None:
        took = f"{_here(crossing.limit_s)} or longer" if crossing.is_cut else f"up to {_here(crossing.p99_s)}"
        self._notify(
            Notice(
                level="warning",
                code="E613",
                text=(
                    f"{name} takes {took} to {verb} (99th percentile of the last {crossing.samples} {counted}), "
                    f"and at speed {self._speed:g} the {timeout} of {timeout_s:g} s is {_here(crossing.limit_s)} here."
                ),
                hints=(f"a lower speed leaves room: --speed {slower(timeout_s, crossing.p99_s):g}",),
                notes=("On AWS it may be in time - unless a sample makes the delay, which scales as well.",),
            )
        )


async def watch_probes(app: App, warner: LatencyWarner) -> None:
    """Look at every target's last probe, again and again, until cancelled."""
    seen: dict[Any, ProbeResult] = {}
    while True:
        await asyncio.sleep(LOOK_S)
        before, seen = seen, {}
        for node in app.nodes.values():
            for group in node.groups.values():
                for state in group.targets.values():
                    probe = state.health.last_probe
                    if probe is None:
                        continue
                    seen[state] = probe
                    if probe is not before.get(state):
                        check = group.group.health_check
                        warner.on_probe(group.group.name, state.target.name, probe, check.timeout_s)


def _here(real_s: float) -> str:
    return f"{real_s * 1000:.3g} ms" if real_s < 1 else f"{real_s:.3g} s"
