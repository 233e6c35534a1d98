"""What behaviours make of one request: it waits, then it is passed on, answered, reset or left without an answer."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Protocol

from simlb.clock import Clock, Timer
from simlb.dataplane.attention import Attention
from simlb.dataplane.link_messages import RequestEnd, ResponseCut
from simlb.dataplane.points import Asked, Treatment


class Stage(Enum):
    """How far a request has come."""

    HELD = "it waits for its turn, or for a delay to pass"
    PASSING = "it goes to the target, and what comes back goes to the codec"
    SCRIPTED = "it goes nowhere; an answer is given once it is complete"
    SILENT = "nothing that the target sends goes to the codec any more"
    OVER = "it is over"


class Way(Protocol):
    """What a course does with the link it is on."""

    def forward(self, data: bytes) -> None:
        """Send to the target."""

    def give(self, answer: bytes, *, closes: bool) -> None:
        """Give the codec an answer that the target has not written, and an end behind it if it `closes`."""

    def reset(self) -> None:
        """Reset the connection on both sides."""

    def on_stage(self) -> None:
        """`stage` has changed."""


class Course:
    """The course of one request and its answer."""

    __slots__ = (
        "_asked",
        "_attention",
        "_clock",
        "_cut",
        "_has_answered",
        "_held",
        "_request_end",
        "_timer",
        "_way",
        "held_bytes",
        "stage",
        "treatment",
    )

    def __init__(self, way: Way, asked: Asked, treatment: Treatment, clock: Clock, attention: Attention) -> None:
        self._way = way
        self._asked = asked
        self._clock = clock
        self._attention = attention
        self._held: list[bytes] = []
        self._request_end = RequestEnd(asked)
        self._has_answered = False
        self._timer: Timer | None = None
        after_bytes = treatment.cut_after_bytes
        self._cut = None if after_bytes is None else ResponseCut(after_bytes)
        self.treatment = treatment
        self.stage = Stage.HELD
        self.held_bytes = 0

    @property
    def is_listening(self) -> bool:
        """Whether the codec is to have what the target sends: now, or when the request is not held any more."""
        return self.stage in {Stage.HELD, Stage.PASSING}

    def start(self, data: bytes) -> None:
        """The first bytes of the request, its head included."""
        self._hold(data)
        self._attention.rest()
        treatment = self.treatment
        if treatment.answer is not None and treatment.is_at_once:
            treatment.turn, treatment.delay_s = None, 0.0
        if treatment.turn is None:
            self._on_turn()
        else:
            treatment.turn.enter(self._on_turn)

    def write(self, data: bytes) -> None:
        """More of the request."""
        if self.stage is Stage.HELD:
            self._hold(data)
        elif self.stage is Stage.SCRIPTED:
            self._swallow(data)
        else:
            self._way.forward(data)

    def pass_on(self, data: bytes) -> bytes:
        """What of the target's answer gets through. Behind a cut `is_listening` is False."""
        if self._cut is None:
            return data
        passed = self._cut.pass_on(data)
        if self._cut.is_over:
            self.stage = Stage.SILENT
        return passed

    def end(self) -> None:
        """The request and its answer are complete, or nobody waits any more."""
        self.stage = Stage.OVER
        if self._timer is not None:
            self._timer.cancel()
        self._drop_held()
        if self.treatment.turn is not None:
            self.treatment.turn.leave()

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self.held_bytes += len(data)

    def _drop_held(self) -> None:
        self._held.clear()
        self.held_bytes = 0

    def _on_turn(self) -> None:
        if self.stage is not Stage.HELD:
            return
        delay_s = self.treatment.delay_s
        if delay_s > 0:
            self._timer = self._clock.call_later(delay_s, self._act)
        else:
            self._act()

    def _act(self) -> None:
        """Turn and delay are over."""
        treatment = self.treatment
        held = b"".join(self._held)
        self._drop_held()
        if treatment.answer is not None:
            self.stage = Stage.SCRIPTED
            self._swallow(held)
        elif treatment.resets:
            self.stage = Stage.SILENT
            self._way.reset()
        elif treatment.hangs:
            # No outcome will ever come, so that there is none to wait for.
            self.stage = Stage.SILENT
            self._way.forward(held)
        else:
            self.stage = Stage.PASSING
            self._attention.listen()
            self._way.forward(held)
        self._way.on_stage()

    def _swallow(self, data: bytes) -> None:
        if not self._has_answered and self._request_end.comes_with(data):
            self._has_answered = True
            self._attention.expect()
            # Not from within the codec: it is still sending the request.
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        treatment = self.treatment
        if self.stage is not Stage.SCRIPTED:
            return
        assert treatment.answer is not None
        # From here on what the target sends belongs behind the answer.
        self.stage = Stage.SILENT if treatment.closes else Stage.PASSING
        self._attention.hear()
        self._way.give(treatment.answer, closes=treatment.closes)
