"""Where faults get hold of what passes between the load balancer and a target.

A `Behaviour` is one fault's hold on one target. Each of its methods is told what is about to happen and adds to it;
what several behaviours add is what happens. A target without behaviours has None in the place of all this, and costs a
test for None. All durations are load-balancer seconds and go through the clock, so that they scale with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class DialOutcome(Enum):
    """What becomes of a new connection besides being made."""

    REFUSED = "refused"
    """A reset in answer to the first packet, as from a port where nothing listens."""
    BLACKHOLE = "blackhole"
    """No answer at all: the connect time-out decides."""


@dataclass(slots=True, kw_only=True)
class Dial:
    """A connection that is about to be made, by a client's request or by a probe."""

    is_probe: bool
    delay_s: float = 0.0
    outcome: DialOutcome | None = None


@dataclass(slots=True, kw_only=True)
class Wire:
    """How bytes move on one connection: asked once, when it has been made. None means as fast as they come.

    Asked, too, of a connection that was made before and has an exchange under way when behaviours come or go; of what
    is said then, `is_silent` alone counts.
    """

    is_probe: bool
    bytes_per_s: float | None = None
    slice_bytes: int | None = None
    slice_delay_s: float = 0.0
    idle_reset_s: float | None = None
    """A request on a connection that has been idle for so long is answered by a reset (a short keep-alive)."""
    is_silent: bool = False
    """Nothing of what the target sends arrives any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a target is asked: the head of a client's request as the target would see it, or a probe's."""

    method: str
    path: str
    """Without the query."""
    header: Callable[[str], str | None]
    """A header's value by its name in any case; None when it is not there."""
    is_probe: bool


class Turn(Protocol):
    """A place in a target's queue (limited capacity)."""

    def enter(self, start: Callable[[], None]) -> None:
        """Call `start` when it is this request's turn: at once when there is room."""

    def leave(self) -> None:
        """The request is over, or does not wait any more. Harmless when repeated."""


@dataclass(slots=True, kw_only=True)
class Treatment:
    """What happens to one request and its answer: `turn`, then `delay_s`, then the first of what is set below them."""

    turn: Turn | None = None
    """Waited for before `delay_s` begins; left when the exchange is over."""
    delay_s: float = 0.0
    """The target sees the request so much later, and its answer is seen as much later."""
    answer: bytes | None = None
    """These raw bytes come in place of the target's answer, once the request is complete; the target never sees it."""
    closes: bool = False
    """The target's FIN follows `answer`."""
    is_at_once: bool = False
    """`answer` waits neither for `turn` nor for `delay_s`, whoever has added them."""
    resets: bool = False
    """The connection is reset in place of an answer; the target never sees the request."""
    hangs: bool = False
    """The target sees the request, no answer ever comes."""
    cut_after_bytes: int | None = None
    """The real answer ends, by FIN, or by a reset if `cut_by_reset`, after so many bytes of its body as it is sent."""
    cut_by_reset: bool = False


class Behaviour(Protocol):
    """One fault's hold on one target. Called on the loop, in the order of installation."""

    def on_dial(self, dial: Dial) -> None:
        """A connection is about to be made."""

    def on_wire(self, wire: Wire) -> None:
        """A connection has been made."""

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """A request is about to go out on a connection."""
