"""The terminal of `simlb up` and `simlb demo`: what listens where, what to type next, and what happens."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from simlb.cli.spelling import quote, short_path, simlb_command
from simlb.cli.status import is_loopback, public_name, public_url
from simlb.cli.targets import target_lines
from simlb.cli.terminal import Style, both_times, columns
from simlb.clock import Clock
from simlb.controlplane.instance import Instance
from simlb.controlplane.views import InstanceView, ListenerView, LoadBalancerView, TargetGroupView
from simlb.core.events import Event, Notice, ProcessExited, ProcessStarted, TargetStateChanged

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

    def ready(self, view: InstanceView, app: Instance, clock: Clock) -> None:
        """Everything listens: say where, and what to type."""
        self._app = app
        self._speed = clock.speed
        self._is_ready = True
        self._states = {
            (group.name, target.name): target.state
            for group in view.target_groups
            if group.in_use
            for target in group.targets
        }
        self.say(*self._header(view))
        self.say(*self._places(view))
        for notice in view.notices:
            self._notice_text(notice)
        self.say("", *self._suggestions(view))
        self._check_settled(view.uptime_s)

    def event(self, event: Event) -> None:
        """Something happened."""
        if self._is_stopping and not isinstance(event, Notice):
            return  # that its processes end is what stopping means
        match event:
            case TargetStateChanged():
                self._target_state_changed(event)
            case ProcessStarted():
                if self._is_ready:
                    self.say(self._line(event.at_s, event.process, f"started (pid {event.pid})"))
            case ProcessExited():
                self._process_exited(event)
            case Notice():
                self._notice(event)

    def stopping(self) -> None:
        """The graceful stop has begun."""
        self._is_stopping = True
        self.say("Stopping: finishing what is in flight …")

    def close(self) -> None:
        """The last word."""
        if self._is_ready:
            self.say("simlb stopped.")

    def say(self, *lines: str) -> None:
        """Print lines as they are. When nobody can read them any more, the load balancer goes on without."""
        if self._is_unheard:
            return
        try:
            self._out.write("".join(f"{line}\n" for line in lines))
            self._out.flush()
        except OSError:  # the terminal or the pipe's reader has gone
            self._is_unheard = True

    def show_targets(self, view: InstanceView) -> None:
        """Print the target table."""
        for group in view.target_groups:
            self.say(self.style.bold(group.name), *(f"  {line}" for line in target_lines(group.targets, self.style)))

    # -- what is said at the start

    def _header(self, view: InstanceView) -> Iterator[str]:
        yield f"{self.style.bold('simlb ' + view.version)} – a local Application Load Balancer"
        for group in view.target_groups:
            if group.targets:
                names = "  ".join(f"{target.name} {target.dial}" for target in group.targets)
                yield self._tick(f"{_counted(len(group.targets), 'target')} in {group.name}   {names}")

    def _places(self, view: InstanceView) -> Iterator[str]:
        rows = []
        for load_balancer in view.load_balancers:
            name = public_name(load_balancer)
            for listener in load_balancer.listeners:
                stands_for = "" if listener.published_port == listener.port else f"(stands for :{listener.port})"
                rows.append(
                    (
                        f"{listener.protocol}:{listener.port}",
                        public_url(listener, name),
                        stands_for,
                        f"→ {listener.default_action}",
                    )
                )
        rows.append(("control", f"http://{view.control}/", "", f"instance {view.name}, pid {view.pid}"))
        yield from map(self._tick, columns(rows))
        listeners = [listener for balancer in view.load_balancers for listener in balancer.listeners]
        for listener in listeners:
            if not is_loopback(listener.bind_host):
                yield self.style.red(f" ⚠ {listener.bind} can be reached from the network, not only from this machine!")
        moved = [listener for listener in listeners if listener.published_port != listener.port]
        if moved and not any("E101" in notice or "E102" in notice for notice in view.notices):
            yield self.style.dim(f"   {_moved_sentence(moved)}  Why: simlb doctor")
        if view.speed != 1:
            yield f"   Load-balancer time runs {view.speed:g} times as fast: 30 s AWS = {30 / view.speed:g} s here."

    def _suggestions(self, view: InstanceView) -> Iterator[str]:
        yield "Try in another terminal:"
        for load_balancer in view.load_balancers:
            yield from _curl_lines(load_balancer, view.ca_path)
        simlb = simlb_command(view.name)
        rows = [
            (f"{simlb} status", "how everything stands"),
            (f"{simlb} logs -f", "one line for each request"),
            (f"{simlb} down", "stop (or Ctrl-C here)"),
        ]
        yield from (f"  {line}" for line in columns(rows))

    # -- what is said as it happens

    def _target_state_changed(self, event: TargetStateChanged) -> None:
        self._states[event.target_group, event.target] = event.state
        if event.state == _INITIAL:
            return
        if event.previous_state == _INITIAL and event.state == _HEALTHY and not self._settled:
            self._check_settled(event.at_s)
            return
        change = self.style.state(event.state)
        if event.previous_state != event.state:
            change = f"{event.previous_state} -> {change}"
        self.say(self._line(event.at_s, event.target, f"{change}{_cause(event)}"))
        if event.hint:
            self.say(self.style.yellow(f"      → {event.hint}"))
        self._explain(event)
        self._check_settled(event.at_s)

    def _process_exited(self, event: ProcessExited) -> None:
        if event.status < 0:
            text = f"killed (pid {event.pid}, {_signal_name(-event.status)})."
        else:
            text = f"exited by itself (pid {event.pid}, status {event.status})."
        self.say(
            self._line(
                event.at_s,
                event.process,
                f"{self.style.red(text)} The load balancer does not know yet: the next check finds out.",
            )
        )
        self._once("exit-ko", f"      {event.process} 프로세스가 죽었습니다. ELB 는 아직 모릅니다.")

    def _notice(self, event: Notice) -> None:
        text = f"SIMLB-{event.code}  {event.text}" if event.code else event.text
        self._notice_text(text, *event.hints, level=event.level)

    def _notice_text(self, text: str, *hints: str, level: str = "warning") -> None:
        if text in self._notices_shown:
            return
        self._notices_shown.add(text)
        paint, sign = {
            "error": (self.style.red, "✗"),
            "warning": (self.style.yellow, "!"),
        }.get(level, (str, " "))
        self.say(paint(f" {sign} {text}"), *(f"     {hint}" for hint in hints))

    def _explain(self, event: TargetStateChanged) -> None:
        """The arithmetic behind a change of state, once for each kind."""
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
                f"      {_counted(fails, 'failed check')} in a row, {interval} apart: a dead target is noticed "
                f"after {span}.",
            )
        elif event.state == _HEALTHY and event.previous_state == _UNHEALTHY:
            passes = check.healthy_threshold_count
            span = self._range((passes - 1) * check.interval_s, passes * check.interval_s)
            self._once(
                "healthy",
                f"      {_counted(passes, 'passed check')} in a row, {interval} apart: a revived target is back "
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
            self.say(self._tick(f"{_counted(healthy, 'target')} healthy   {self._at(at_s).strip()}"))
        else:
            text = f" ! {healthy} of {_counted(len(states), 'target')} healthy   {self._at(at_s).strip()}"
            self.say(self.style.yellow(text))

    def _group(self, name: str) -> TargetGroupView | None:
        """The group as it is now: a reload may have changed its health check."""
        groups = self._app.view().target_groups if self._app is not None else ()
        return next((group for group in groups if group.name == name), None)

    def _once(self, key: str, line: str) -> None:
        if key not in self._explained:
            self._explained.add(key)
            self.say(self.style.dim(line))

    def _line(self, at_s: float, subject: str, text: str) -> str:
        return f"  {self._at(at_s)}  {self.style.bold(subject)}  {text}"

    def _at(self, at_s: float) -> str:
        if self._speed == 1:
            return f"{at_s:6.1f} s"
        return f"{at_s:6.1f} s AWS ({at_s / self._speed:5.1f} s here)"

    def _range(self, low_s: float, high_s: float) -> str:
        text = f"{low_s:g}-{high_s:g} s"
        return text if self._speed == 1 else f"{text} ({low_s / self._speed:g}-{high_s / self._speed:g} s here)"

    def _tick(self, text: str) -> str:
        return f" {self.style.green('✔')} {text}"


def _curl_lines(load_balancer: LoadBalancerView, ca_path: str | None) -> Iterator[str]:
    name = public_name(load_balancer)
    listeners = sorted(load_balancer.listeners, key=lambda listener: listener.protocol, reverse=True)
    for listener in listeners:
        words = ["curl"]
        if listener.protocol == "HTTPS" and ca_path:
            words += ["--cacert", quote(short_path(Path(ca_path)))]
            if sys.platform == "win32":
                words.append("--ssl-no-revoke")  # a local CA has no revocation list, which Windows insists on
        if not (name == "localhost" or name.endswith(".localhost")):
            # curl resolves *.localhost by itself (from 7.77 on), other names not.
            words += ["--resolve", f"{name}:{listener.published_port}:{_reachable(listener)}"]
        is_redirect = listener.default_action.startswith("redirect")
        words += ["-i", public_url(listener, name)] if is_redirect else [public_url(listener, name)]
        yield f"  {' '.join(words)}" + ("      (answers with the redirect)" if is_redirect else "")


def _reachable(listener: ListenerView) -> str:
    host = listener.bind_host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - read, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _moved_sentence(moved: list[ListenerView]) -> str:
    said = ", ".join(f"{listener.published_port} stands for {listener.port}" for listener in moved)
    return f"{said}, which could not be opened here; rules and logs keep AWS's numbers."


def _cause(event: TargetStateChanged) -> str:
    if event.reason is None:
        return ""
    description = f": {event.description}" if event.description else ""
    seen = f" ({event.evidence})" if event.evidence and event.evidence not in description else ""
    return f"  {event.reason}{description}{seen}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
