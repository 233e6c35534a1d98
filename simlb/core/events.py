"""What happens, in past tense: small typed records that the terminal, the log and later the console show.

`at_s` is load-balancer time since the instance started; `real_s` the real seconds behind it (equal at speed 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStateChanged:
    """A target's health state, reason or both changed (reference 2.3). `evidence` says in words what the probe saw.

    `label` is the target's name, with its group and port where its name alone would not tell which one it is.
    """

    at_s: float
    real_s: float
    target_group: str
    target: str
    label: str
    address: str
    previous_state: str
    state: str
    reason: str | None
    description: str | None
    evidence: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStarted:
    """A process of ours is running (which says nothing about its health)."""

    at_s: float
    real_s: float
    process: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExited:
    """A process of ours ended, by itself or killed. `status` is the exit code, negative for a signal.

    `target_groups` are those that have its target.
    """

    at_s: float
    real_s: float
    process: str
    pid: int
    status: int
    target_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultInstalled:
    """A fault on demand is in force - or, `is_over`, has happened. `text` says what was asked for.

    `on` is in words what it acts on. `for_s` is when it removes itself, in load-balancer seconds from now; `undo` the
    command that removes it earlier.
    """

    at_s: float
    real_s: float
    name: str
    type: str
    on: str
    text: str
    for_s: float | None = None
    undo: str = ""
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRemoved:
    """A fault is undone. `reason` says why, where nobody asked for it: `its time is over`."""

    at_s: float
    real_s: float
    name: str
    type: str
    on: str
    text: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something a person should know. `code` is set when it is listed in docs/messages.md.

    `hints` say what to do next; `notes` are further lines that are shown as they are.
    """

    level: Literal["info", "warning", "error"]
    text: str
    code: str | None = None
    hints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Event = TargetStateChanged | ProcessStarted | ProcessExited | FaultInstalled | FaultRemoved | Notice
