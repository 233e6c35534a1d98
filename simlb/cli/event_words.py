"""Events in words, each in one line: what the terminal of `up` prints, `simlb events` streams and `simlb top` lists."""

from __future__ import annotations

import signal
from typing import Literal, NamedTuple

from simlb.cli.terminal import Style, latency
from simlb.controlplane.durations import both_times
from simlb.controlplane.words import counted, next_check, printable
from simlb.core.event_json import Dropped, Ended, Mark, Missed
from simlb.core.events import (
    ApiCalled,
    CertificateChanged,
    ConfigurationChanged,
    CourseTicked,
    Event,
    FaultInstalled,
    FaultRemoved,
    Notice,
    ProcessExited,
    ProcessStarted,
    RequestFinished,
    RequestsCounted,
    TargetStateChanged,
)

Mood = Literal["good", "bad", "watch", "plain"]
_PLAIN = Style(color=False)


class Said(NamedTuple):
    """An event in words: whom it is about, what happened, and whether that is good."""

    subject: str
    text: str
    mood: Mood = "plain"


def said(event: Event | Mark, *, speed: float = 1, style: Style = _PLAIN) -> Said:
    """The words for one event. Nothing in them is a command to a terminal but the colours of `style`."""
    match event:
        case TargetStateChanged():
            return _target_state_changed(event, style)
        case ProcessStarted():
            return Said(printable(event.process), f"started (pid {event.pid})")
        case ProcessExited():
            return _process_exited(event, style)
        case FaultInstalled():
            lasts = "" if event.for_s is None else f", for {both_times(round(event.for_s, 1), speed)}"
            what = "fault" if event.is_over else "fault installed"
            text = printable(f"{what} on {event.on}: {event.text}{lasts}")
            return Said(printable(event.name), style.yellow(text), "watch")
        case FaultRemoved():
            reason = f" ({event.reason})" if event.reason else ""
            return Said(printable(event.name), printable(f"fault removed from {event.on}: {event.text}{reason}"))
        case ConfigurationChanged():
            return Said(f"configuration, {event.cause}", printable(event.text))
        case CertificateChanged():
            subject = printable(f"{event.load_balancer} {event.listener_port}")
            return Said(subject, printable(f"certificate until {event.not_after}: {event.text}"))
        case ApiCalled():
            text = event.region if event.error is None else f"{event.region}, {event.error}"
            return Said(printable(f"{event.service} {event.operation}"), printable(text))
        case CourseTicked():
            what = "mistake tried" if event.is_mistake else "seen"
            return Said(f"step {event.step}", printable(f"{what}: {event.item}"), "good")
        case RequestFinished():
            return _request_finished(event, style)
        case RequestsCounted():
            return Said(counted(event.count, "more request"), f"{_status(event)} {_who(event)}")
        case Notice():
            return _notice(event, style)
        case Missed():
            return Said("stream", f"{counted(event.count, 'event')} missed: no longer kept", "watch")
        case Dropped():
            return Said("stream", f"too slow for it: {counted(event.count, 'event')} waited", "watch")
        case Ended():
            return Said("stream", "the instance has stopped", "watch")


def is_error(event: RequestFinished | RequestsCounted) -> bool:
    """It failed: a 5xx, an answer that broke off, or a 4xx (or nothing at all) that the load balancer made of it."""
    if event.target_status_code:
        return event.target_status_code >= 500 or (isinstance(event, RequestFinished) and event.failure is not None)
    is_wanted = event.action in {"redirect", "fixed-response"}
    return not is_wanted and (event.elb_status_code >= 400 or not event.elb_status_code)


def failed(event: RequestFinished | RequestsCounted) -> str:
    """What a failed request came to, without what makes it one of its kind: `502 i-03 connection refused`."""
    failure = event.failure if isinstance(event, RequestFinished) else None
    why = failure or ("" if event.target_status_code else "by the load balancer")
    return printable(" ".join(filter(None, (_status(event), event.target, why))))


def line(event: Event | Mark, *, speed: float, style: Style) -> str:
    """An event with its times in one line."""
    is_scaled = speed != 1
    times = times_of(event)
    at = at_words(*times, is_scaled=is_scaled) if times else ""
    subject, text, _ = said(event, speed=speed, style=style)
    hint = f"  → {printable(event.hint)}" if isinstance(event, TargetStateChanged) and event.hint else ""
    return f"{at:>{len(at_words(0, 0, is_scaled=is_scaled))}}  {style.bold(subject)}  {text}{style.yellow(hint)}"


def times_of(event: Event | Mark) -> tuple[float, float] | None:
    """Load-balancer time and real time of an event; None for what has none of its own."""
    if isinstance(event, Notice | Missed | Dropped | Ended):
        return None
    return event.at_s, event.real_s


def at_words(at_s: float, real_s: float, *, is_scaled: bool) -> str:
    """When: load-balancer time, and the real time since the start where that is another one."""
    return f"{at_s:6.1f} s AWS ({real_s:5.1f} s here)" if is_scaled else f"{at_s:6.1f} s"


def _target_state_changed(event: TargetStateChanged, style: Style) -> Said:
    state = printable(event.state)
    change = style.state(state)
    if event.previous_state != event.state:
        change = f"{printable(event.previous_state)} -> {change}"
    mood: Mood = "good" if state == "healthy" else "bad" if state == "unhealthy" else "watch"
    return Said(printable(event.label), f"{change}{printable(_cause(event))}", mood)


def _cause(event: TargetStateChanged) -> str:
    if event.reason is None:
        return ""
    description = f": {event.description}" if event.description else ""
    seen = f" ({event.evidence})" if event.evidence and event.evidence not in description else ""
    return f"  {event.reason}{description}{seen}"


def _process_exited(event: ProcessExited, style: Style) -> Said:
    if event.status < 0:
        text = f"killed (pid {event.pid}, {_signal_name(-event.status)})."
    else:
        text = f"exited by itself (pid {event.pid}, status {event.status})."
    subject = printable(event.process)
    return Said(subject, f"{style.red(text)} {printable(next_check(event.target_groups))}", "bad")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _request_finished(event: RequestFinished, style: Style) -> Said:
    has_failed = is_error(event)
    status = _status(event)
    text = f"{style.red(status) if has_failed else status} {_who(event)}"
    if event.failure is not None:
        text += printable(f", {event.failure}")
    text += f", {latency(event.duration_s)}"
    subject = printable(f"{event.method} {event.host}{event.path}")
    return Said(subject, text, "bad" if has_failed else "plain")


def _status(event: RequestFinished | RequestsCounted) -> str:
    return str(event.elb_status_code or "-")


def _who(event: RequestFinished | RequestsCounted) -> str:
    """Who made the status, and where that request went."""
    target = "" if event.target is None else printable(f"{event.target_group} {event.target}")
    if event.target_status_code:
        return f"from {target}"
    answer = event.action if event.action in {"redirect", "fixed-response"} else "by the load balancer"
    return f"{answer}, {target}" if target else answer


def _notice(event: Notice, style: Style) -> Said:
    subject = f"SIMLB-{event.code}" if event.code else event.level
    text = printable(" ".join((event.text, *event.hints)))
    match event.level:
        case "error":
            return Said(subject, style.red(text), "bad")
        case "warning":
            return Said(subject, style.yellow(text), "watch")
        case _:
            return Said(subject, text)
