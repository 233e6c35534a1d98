"""The timeline as a machine: which step comes next, when to look again, what to perform. It knows no clock.

Steps come one after another. The first is waited for from the start; each further one from when the step before it has
been performed. Story time runs with load-balancer time, but stands still while a question waits for its answer or the
story is paused; only `at` follows it. In a pause no step comes, and how long it lasts does not count against `within`.
The shell calls `on_change` when something has happened, `on_deadline` when `next_deadline()` has come,
and `on_performed` when it has done what a `Perform` said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simlb.scenario.expression_tree import Expression
from simlb.scenario.model import After, At, Step, When

AGAIN_S = 0.5
"""How often, in load-balancer seconds, to look at what changes without an event: a rate falls by itself."""


class Judge(Protocol):
    """What says whether conditions hold: an `expressions.Evaluator` over the history of the run."""

    def holds(self, expression: Expression) -> bool:
        """Whether a condition holds now."""

    def latest(self, expression: Expression) -> float | None:
        """When an event came that is so now; None when it has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """Perform a step's actions in order. `elapsed_s` is since the step before (the start, for the first)."""

    index: int
    step: Step
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A step's trigger has not come in time: the story is over."""

    index: int
    step: Step
    waited_for: Expression
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """All steps have been performed: the story is over."""


Command = Perform | Missed | Finished


class Timeline:
    """The steps of one story. `now` is load-balancer time; at most one command comes of each call."""

    def __init__(self, steps: Sequence[Step], judge: Judge) -> None:
        self._steps = steps
        self._judge = judge
        self._next = 0
        self._started_at = 0.0
        self._waiting_since = 0.0
        self._previous_at = 0.0
        self._paused_s = 0.0
        self._still_since: float | None = None
        self._is_asking = False
        self._pause_began_at: float | None = None
        self._is_performing = False
        self._looked_at = 0.0
        self.is_over = False

    def start(self, now: float) -> Command | None:
        """The story begins."""
        self._started_at = self._waiting_since = self._previous_at = now
        if self.is_paused:
            self._still_since = self._pause_began_at = now
        return self._look(now)

    def on_change(self, now: float) -> Command | None:
        """Something has happened that a condition may be about."""
        return self._look(now)

    def on_deadline(self, now: float) -> Command | None:
        """What `next_deadline()` named has come."""
        return self._look(now)

    def on_performed(self, now: float) -> Command | None:
        """The actions of the last `Perform` are done: the next step is waited for."""
        assert self._is_performing
        self._is_performing = False
        self._waiting_since = now
        return self._look(now)

    def on_asked(self, now: float) -> None:
        """A question was put: story time stands still."""
        assert not self._is_asking
        self._is_asking = True
        self._stand_still(now)

    def on_answered(self, now: float) -> None:
        """It was answered."""
        assert self._is_asking
        self._is_asking = False
        self._go_on(now)

    def on_paused(self, now: float) -> None:
        """No step comes until `on_resumed`. Before `start` too: then the story begins with a pause."""
        if not self.is_paused:
            self._pause_began_at = now
            self._stand_still(now)

    def on_resumed(self, now: float) -> None:
        """The story goes on: call `on_change` next."""
        if self._pause_began_at is not None:
            self._waiting_since += max(0.0, now - max(self._pause_began_at, self._waiting_since))
            self._pause_began_at = None
            self._go_on(now)

    @property
    def is_paused(self) -> bool:
        """Whether the story waits for somebody to let it go on."""
        return self._pause_began_at is not None

    def _stand_still(self, now: float) -> None:
        if self._still_since is None:
            self._still_since = now

    def _go_on(self, now: float) -> None:
        if self._still_since is not None and not self._is_asking and not self.is_paused:
            self._paused_s += now - self._still_since
            self._still_since = None

    def story_s(self, now: float) -> float:
        """Story time."""
        until = now if self._still_since is None else self._still_since
        return until - self._started_at - self._paused_s

    def next_deadline(self) -> float | None:
        """When to call `on_deadline` at the latest; None: not before something else has been called."""
        if self.is_over or self._is_performing or self.is_paused:
            return None
        trigger = self._steps[self._next].trigger
        again = self._looked_at + AGAIN_S
        match trigger:
            case At():
                return self._started_at + self._paused_s + trigger.at_s
            case When():
                return min(again, self._waiting_since + trigger.within_s)
            case After():
                event_at = self._judge.latest(trigger.event)
                if event_at is not None:
                    return event_at + trigger.wait_s
                return min(again, self._waiting_since + trigger.within_s)

    def _look(self, now: float) -> Command | None:
        if self.is_over or self._is_performing or self.is_paused:
            return None
        if self._next == len(self._steps):
            self.is_over = True
            return Finished()
        self._looked_at = now
        step = self._steps[self._next]
        if not self._has_come(step, now):
            return self._missed(step, now)
        index, self._next = self._next, self._next + 1
        elapsed_s, self._previous_at = now - self._previous_at, now
        self._is_performing = True
        return Perform(index=index, step=step, elapsed_s=elapsed_s)

    def _has_come(self, step: Step, now: float) -> bool:
        match step.trigger:
            case At():
                return self.story_s(now) >= step.trigger.at_s - _ROUNDING_S
            case When():
                return self._judge.holds(step.trigger.condition)
            case After():
                event_at = self._judge.latest(step.trigger.event)
                return event_at is not None and now >= event_at + step.trigger.wait_s - _ROUNDING_S

    def _missed(self, step: Step, now: float) -> Missed | None:
        match step.trigger:
            case At():
                return None
            case When():
                waited_for = step.trigger.condition
            case After():
                waited_for = step.trigger.event
                if self._judge.latest(waited_for) is not None:
                    return None
        if now < self._waiting_since + step.trigger.within_s - _ROUNDING_S:
            return None
        self.is_over = True
        return Missed(index=self._next, step=step, waited_for=waited_for, within_s=step.trigger.within_s)


_ROUNDING_S = 1e-6
"""A deadline that was computed by addition and one by subtraction are the same."""
