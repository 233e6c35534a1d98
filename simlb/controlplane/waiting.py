"""Waiting until an instance stands as somebody wants it: conditions over its view, and real time."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from simlb.controlplane.views import InstanceView, TargetGroupView, TargetView
from simlb.errors import EXIT_EXPECTATION_FAILED, SimlbError

POLL_S = 0.005
"""How often it is looked, in real seconds; less often where looking itself takes long."""
_LOOKING_SHARE = 0.2
GONE = "unused"
"""The state of a target that is not registered any more, as elbv2 has it (Target.NotRegistered)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is waited for: `state` of a target, `healthy` targets in a group, or `in_flight` requests, exactly so many.

    A target's name alone means all places where it is; requests are counted on all targets unless some are named.
    """

    target: str | None = None
    target_group: str | None = None
    state: str | None = None
    healthy: int | None = None
    in_flight: int | None = None

    @property
    def words(self) -> str:
        """`i-01 in web is unhealthy`."""
        place = "" if self.target_group is None else f" in {self.target_group}"
        if self.state is not None:
            return f"{self.target}{place} is {self.state}"
        if self.healthy is not None:
            return f"{self.healthy} healthy in {self.target_group}"
        named = "" if self.target is None else f" to {self.target}"
        return f"{self.in_flight} in flight{named}{place}"

    def check_names(self, view: InstanceView) -> None:
        """Raise SimlbError E302 or E304 for a target or a group that the instance does not have now."""
        groups = [group.name for group in view.target_groups]
        if self.target_group is not None and self.target_group not in groups:
            raise _unknown("E304", "target group", self.target_group, groups)
        if self.target is not None and not list(self._targets(view)):
            known = dict.fromkeys(target.name for group in self._groups(view) for target in group.targets)
            raise _unknown("E302", "target", self.target, known)

    def holds(self, view: InstanceView) -> bool:
        """Whether it is so."""
        if self.healthy is not None:
            return sum(group.healthy for group in self._groups(view)) == self.healthy
        targets = list(self._targets(view))
        if self.in_flight is not None:
            return sum(target.in_flight for target in targets) == self.in_flight
        if not targets:
            return self.state == GONE
        return all(target.state == self.state for target in targets)

    def _groups(self, view: InstanceView) -> Iterator[TargetGroupView]:
        for group in view.target_groups:
            if self.target_group in {None, group.name}:
                yield group

    def _targets(self, view: InstanceView) -> Iterator[TargetView]:
        for group in self._groups(view):
            for target in group.targets:
                if self.target in {None, target.name}:
                    yield target


async def wait_until(condition: Condition, look: Callable[[], InstanceView], timeout_s: float) -> InstanceView:
    """Wait in real time until the condition holds; how everything stands then.

    Raises SimlbError E614 after `timeout_s`, with all states below it; E302 or E304 for a name that nothing has.
    """
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    view = look()
    condition.check_names(view)
    while not condition.holds(view):
        if loop.time() - began_at >= timeout_s:
            raise SimlbError(
                "E614",
                f"Not within {timeout_s:g} s: {condition.words}.",
                notes=tuple(_states(view)),
                exit_status=EXIT_EXPECTATION_FAILED,
            )
        before = loop.time()
        await asyncio.sleep(POLL_S)
        looked_at = loop.time()
        view = look()
        spent_s = loop.time() - looked_at
        if spent_s > _LOOKING_SHARE * (looked_at - before):
            await asyncio.sleep(spent_s / _LOOKING_SHARE)
    return view


def _states(view: InstanceView) -> Iterator[str]:
    """`web: i-01 healthy, i-02 unhealthy (Target.Timeout), 1 in flight`: a line for each group."""
    for group in view.target_groups:
        yield f"{group.name}: {', '.join(map(_state, group.targets)) or 'no targets'}"


def _state(target: TargetView) -> str:
    reason = "" if target.reason is None else f" ({target.reason})"
    busy = f", {target.in_flight} in flight" if target.in_flight else ""
    return f"{target.name} {target.state}{reason}{busy}"


def _unknown(code: str, kind: str, name: str, known: Iterable[str]) -> SimlbError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return SimlbError(code, f"There is no {kind} '{name}'.", hint)
