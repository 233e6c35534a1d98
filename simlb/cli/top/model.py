"""What `simlb top` knows, gathered from the event stream: the last pulse, rates of the past, and the last events.

No I/O and no clock: `now` is an argument, in real seconds of any steady clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from simlb.cli.event_words import Mood, failed, is_error, said, times_of
from simlb.core.event_json import Told
from simlb.core.events import ApiCalled, RequestFinished, RequestsCounted, TargetStateChanged
from simlb.core.pulse import Pulse, TargetPulse

HISTORY = 20
"""How many past rates of each target are kept."""
EVENTS_KEPT = 200
"""How many lines of errors, and of everything else."""
SAME_WITHIN_S = 10.0
"""Errors alike that follow each other within so many real seconds are one line."""
INITIAL = "initial"
"""The state that every target begins with: no news."""
Link = Literal["waiting", "live"]

_URGENCY = {"unhealthy": 0, "unavailable": 1, "draining": 2, "initial": 3, "unused": 4, "healthy": 5}


@dataclass(slots=True)
class Happening:
    """One line of the list of events. `count` is above 1 for errors alike; times are those of the last."""

    at_s: float
    real_s: float
    subject: str
    text: str
    mood: Mood
    count: int = 1
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One target. `history` are its rates, the newest last; `next_check_in_s` is counted down to now."""

    pulse: TargetPulse
    history: tuple[float, ...]
    next_check_in_s: float | None

    @property
    def urgency(self) -> tuple[int, float]:
        """What needs a look comes first: by state, then by errors."""
        return _URGENCY.get(self.pulse.state, 1), -self.pulse.errors_per_second


@dataclass(frozen=True, slots=True)
class Group:
    """The targets of one target group, in the configuration's order."""

    name: str
    rows: tuple[Row, ...]

    @property
    def fails_open(self) -> bool:
        """None of its targets is healthy and some are known not to be, so requests go to all of them."""
        states = {row.pulse.state for row in self.rows}
        return "unhealthy" in states and "healthy" not in states

    def counts(self) -> dict[str, int]:
        """How many targets have which state."""
        counted: dict[str, int] = {}
        for row in self.rows:
            counted[row.pulse.state] = counted.get(row.pulse.state, 0) + 1
        return counted


@dataclass(slots=True)
class Model:
    """Fed with events and pulses; asked for rows and lines."""

    instance: str
    speed: float = 1.0
    control: str = ""
    link: Link = "waiting"
    pulse: Pulse | None = None
    _seen_at: float = 0.0
    _history: dict[tuple[str, str, str], deque[float]] = field(default_factory=dict)
    _others: deque[Happening] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    _errors: deque[Happening] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    _last_alike: dict[str, Happening] = field(default_factory=dict)

    @property
    def is_scaled(self) -> bool:
        """Load-balancer time does not run as real time does."""
        return self.speed != 1

    def connected(self, *, speed: float, control: str) -> None:
        """The stream of a living instance has begun, which may be another one than before."""
        self.link = "live"
        self.speed = speed
        self.control = control
        self.pulse = None
        self._history.clear()
        self._others.clear()
        self._errors.clear()
        self._last_alike.clear()

    def lost(self) -> None:
        """The stream has ended. What was seen last stays to be looked at."""
        self.link = "waiting"

    def take(self, event: Told, now: float) -> None:
        """Something came."""
        if isinstance(event, Pulse):
            self._take_pulse(event, now)
        elif isinstance(event, RequestFinished | RequestsCounted):
            if is_error(event):
                self._take_error(event)
        elif isinstance(event, ApiCalled) and event.error is None:
            pass  # programs ask all the time, and what a call changes is told as well
        elif not (isinstance(event, TargetStateChanged) and event.state == INITIAL):
            subject, text, mood = said(event, speed=self.speed)
            at_s, real_s = times_of(event) or self._latest()
            self._others.append(Happening(at_s, real_s, subject, text, mood))

    def groups(self, now: float) -> tuple[Group, ...]:
        """Every target group with its targets."""
        if self.pulse is None:
            return ()
        passed_s = max(0.0, now - self._seen_at) * self.speed if self.link == "live" else 0.0
        rows: dict[str, list[Row]] = {}
        for target in self.pulse.targets:
            due_s = target.next_check_in_s
            history = tuple(self._history.get(_key(target), ()))
            row = Row(target, history, None if due_s is None else max(0.0, due_s - passed_s))
            rows.setdefault(target.target_group, []).append(row)
        return tuple(Group(name, tuple(members)) for name, members in rows.items())

    def times(self, now: float) -> tuple[float, float]:
        """Load-balancer time and real time since the start of the instance."""
        if self.pulse is None:
            return 0.0, 0.0
        passed_s = max(0.0, now - self._seen_at) if self.link == "live" else 0.0
        return self.pulse.at_s + passed_s * self.speed, self.pulse.real_s + passed_s

    def happenings(self, count: int) -> list[Happening]:
        """The last lines, the newest last. Errors take at most half of them from what else happened."""
        room = max(count - len(self._others), count // 2)
        errors = _last(sorted(self._errors, key=_when), room)
        others = _last(self._others, count - len(errors))
        return sorted([*others, *errors], key=_when)

    def _take_pulse(self, pulse: Pulse, now: float) -> None:
        self.pulse = pulse
        self.speed = pulse.speed
        self._seen_at = now
        for target in pulse.targets:
            self._history.setdefault(_key(target), deque(maxlen=HISTORY)).append(target.per_second)
        if len(self._history) > len(pulse.targets):
            present = set(map(_key, pulse.targets))
            self._history = {key: rates for key, rates in self._history.items() if key in present}

    def _take_error(self, event: RequestFinished | RequestsCounted) -> None:
        text = failed(event)
        one = self._last_alike.get(text)
        if one is None or event.real_s - one.real_s > SAME_WITHIN_S:
            one = self._last_alike[text] = Happening(event.at_s, event.real_s, "", text, "bad", 0, is_error=True)
            self._errors.append(one)
            if len(self._last_alike) > 2 * EVENTS_KEPT:
                self._last_alike = {kept.text: kept for kept in self._errors}
        one.count += event.count if isinstance(event, RequestsCounted) else 1
        one.at_s, one.real_s = event.at_s, event.real_s

    def _latest(self) -> tuple[float, float]:
        """When the last thing was that has a time."""
        seen = [(self.pulse.at_s, self.pulse.real_s)] if self.pulse else [(0.0, 0.0)]
        return max(seen + [(one.at_s, one.real_s) for one in (*self._others, *self._errors)])


def most_urgent(groups: Iterable[Group]) -> Iterator[tuple[Group, Row]]:
    """All targets, those first that need a look."""
    pairs = [(group, row) for group in groups for row in group.rows]
    return iter(sorted(pairs, key=lambda pair: pair[1].urgency))


def _last(happenings: Iterable[Happening], count: int) -> list[Happening]:
    return list(happenings)[-count:] if count > 0 else []


def _when(one: Happening) -> float:
    return one.real_s


def _key(target: TargetPulse) -> tuple[str, str, str]:
    return target.target_group, target.target, target.address
