"""The terminal of `simlb up` and `simlb demo`: what listens where, what to type next, and what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TextIO

from simlb.cli.event_words import at_words, said
from simlb.cli.opening import header_lines, place_lines, suggestion_lines
from simlb.cli.targets import heading, target_lines
from simlb.cli.terminal import Style, line_width, ticked
from simlb.clock import Clock
from simlb.controlplane.durations import both_times
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, TargetGroupView
from simlb.controlplane.words import counted
from simlb.core.events import (
    Event,
    FaultInstalled,
    FaultRemoved,
    Notice,
    ProcessExited,
    ProcessStarted,
    TargetStateChanged,
)
from simlb.errors import arrowed

_INITIAL = "initial"
_HEALTHY = "healthy"
_UNHEALTHY = "unhealthy"


class TerminalPresenter:
    """Prints as things happen. Used on the instance's loop only; never blocks longer than the terminal does."""

    def __init__(self, out: TextIO, *, style: Style | None = None) -> None:
        self._out = out
        self.style = style or Style.of(out)
        self._speed = 1.0
        self._is_ready = False
        self._is_stopping = False
        self._is_unheard = False
        self._states: dict[tuple[str, str], str] = {}
        self._app: Instance | None = None
        self._settled = False
        self._explained: set[str] = set()
        self._notices_shown: set[str] = set()
        self._waiting: list[str] = []
        """Lines that are printed before the loop's next turn, or before any other."""

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Everything listens: say where, and what to type."""
        self._app = app
        self._speed = clock.speed
        self._is_ready = True
        self._states = {
            (group.name, target.address): target.state
            for group in view.target_groups
            if group.in_use
            for target in group.targets
        }
        self.say(*header_lines(view, self.style), *place_lines(view, self.style))
        for notice in view.notices:
            self._notice_text(notice)
        self.say("", *self.suggestions(view))
        self._check_settled(view.uptime_s)

    def suggestions(self, view: InstanceView) -> Iterable[str]:
        """What to type next."""
        return suggestion_lines(view)

    def undo(self, fault: FaultInstalled) -> str:
        """The command that undoes a fault, where there is one."""
        return fault.undo

    def event(self, event: Event) -> None:
        """Something happened."""
        if self._is_stopping and not isinstance(event, Notice):
            return  # that its processes end is what stopping means
        match event:
            case TargetStateChanged():
                self._target_state_changed(event)
            case ProcessStarted():
                if self._is_ready:
                    self.say(self._line(event))
            case ProcessExited():
                self.say(self._line(event))
                self._once("exit-ko", f"      {event.process} 프로세스가 죽었습니다. ELB 는 아직 모릅니다.")
            case FaultInstalled():
                self.say(self._line(event))
                if undo := self.undo(event):
                    self.say(self.style.dim(f"      undo: {undo}"))
            case FaultRemoved():
                self.say(self._line(event))
            case Notice():
                self._notice(event)

    def stopping(self) -> None:
        """The graceful stop has begun."""
        self._is_stopping = True
        self.say("Stopping: finishing what is in flight … (Ctrl-C again: at once)")

    def close(self) -> None:
        """The last word."""
        self.say(*(["simlb stopped."] if self._is_ready else []))

    def say(self, *lines: str) -> None:
        """Print lines as they are. When nobody can read them any more, the load balancer goes on without."""
        waiting, self._waiting = self._waiting, []
        if self._is_unheard or not (waiting or lines):
            return
        try:
            self._out.write("".join([f"{line}\n" for line in (*waiting, *lines)]))
            self._out.flush()
        except OSError:  # the terminal or the pipe's reader has gone
            self._is_unheard = True

    def _say_soon(self, line: str) -> None:
        """Print a line together with those of the same turn of the loop.

        A thousand targets may change at once, and writing takes longer than all else that telling one does.
        """
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.say)
        except RuntimeError:  # without a loop there are no turns
            self.say()

    def show_targets(self, view: InstanceView) -> None:
        """Print the target table."""
        for group in view.target_groups:
            lines = target_lines(group.targets, self.style, speed=self._speed, width=line_width(self._out), indent="  ")
            self.say(heading(group, self.style), *lines)

    def _target_state_changed(self, event: TargetStateChanged) -> None:
        self._states[event.target_group, event.address] = event.state
        if event.state == _INITIAL:
            return
        if event.previous_state == _INITIAL and event.state == _HEALTHY and not self._settled:
            self._check_settled(event.at_s)
            return
        self._say_soon(self._line(event))
        if event.hint:
            self._say_soon(self.style.yellow(f"      → {event.hint}"))
        self._explain(event)
        self._check_settled(event.at_s)

    def _notice(self, event: Notice) -> None:
        text = f"SIMLB-{event.code}  {event.text}" if event.code else event.text
        self._notice_text(text, *map(arrowed, event.hints), *event.notes, level=event.level)

    def _notice_text(self, text: str, *below: str, level: str = "warning") -> None:
        if text in self._notices_shown:
            return
        self._notices_shown.add(text)
        paint, sign = {
            "error": (self.style.red, "✗"),
            "warning": (self.style.yellow, "!"),
        }.get(level, (str, " "))
        self.say(paint(f" {sign} {text}"), *(f"     {line}" for line in below))

    def _explain(self, event: TargetStateChanged) -> None:
        """The arithmetic behind a change of state, once for each kind."""
        is_revived = event.state == _HEALTHY and event.previous_state == _UNHEALTHY
        if event.state in self._explained or not (event.state == _UNHEALTHY or is_revived):
            return  # the whole instance would be looked through for the group, for each of a thousand targets
        group = self._group(event.target_group)
        if group is None:
            return
        check = group.health_check
        interval = both_times(check.interval_s, self._speed)
        if event.state == _UNHEALTHY:
            fails = check.unhealthy_threshold_count
            span = self._range((fails - 1) * check.interval_s, fails * check.interval_s)
            self._once(
                "unhealthy",
                f"      {counted(fails, 'failed check')} in a row, {interval} apart: a dead target is noticed "
                f"after {span}.",
            )
        else:
            passes = check.healthy_threshold_count
            span = self._range((passes - 1) * check.interval_s, passes * check.interval_s)
            self._once(
                "healthy",
                f"      {counted(passes, 'passed check')} in a row, {interval} apart: a revived target is back "
                f"after {span}.",
            )

    def _check_settled(self, at_s: float) -> None:
        """Once, when every target has its first verdict: how many are well."""
        states = self._states.values()
        if self._settled or not self._is_ready or not states or _INITIAL in states:
            return
        self._settled = True
        healthy = sum(state == _HEALTHY for state in states)
        if healthy == len(states):
            self.say(ticked(f"{counted(healthy, 'target')} healthy   {self._at(at_s).strip()}", self.style))
        else:
            text = f" ! {healthy} of {counted(len(states), 'target')} healthy   {self._at(at_s).strip()}"
            self.say(self.style.yellow(text))

    def _group(self, name: str) -> TargetGroupView | None:
        """The group as it is now: a reload may have changed its health check."""
        groups = self._app.view().target_groups if self._app is not None else ()
        return next((group for group in groups if group.name == name), None)

    def _once(self, key: str, line: str) -> None:
        if key not in self._explained:
            self._explained.add(key)
            self.say(self.style.dim(line))

    def _line(self, event: TargetStateChanged | ProcessStarted | ProcessExited | FaultInstalled | FaultRemoved) -> str:
        subject, text, _ = said(event, speed=self._speed, style=self.style)
        return f"  {self._at(event.at_s)}  {self.style.bold(subject)}  {text}"

    def _at(self, at_s: float) -> str:
        return at_words(at_s, at_s / self._speed, is_scaled=self._speed != 1)

    def _range(self, low_s: float, high_s: float) -> str:
        text = f"{low_s:g}-{high_s:g} s"
        return text if self._speed == 1 else f"{text} ({low_s / self._speed:g}-{high_s / self._speed:g} s here)"
