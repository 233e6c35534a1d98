"""What happens, in past tense: small typed records that the terminal, the event stream and the console show.

`at_s` is load-balancer time since the instance started; `real_s` the real seconds behind it (equal at speed 1).
"""

from __future__ import annotations

from collections.abc import Mapping
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
    command that removes it earlier, empty where no command finds the instance.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged:
    """Something else is in force from now on. `cause` says what brought it about, `text` what it is, in a sentence."""

    at_s: float
    real_s: float
    cause: Literal["start", "reload", "registration", "fault", "api"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateChanged:
    """A listener presents another certificate: issued, renewed, imported or spoiled by a fault (`text` says which)."""

    at_s: float
    real_s: float
    load_balancer: str
    listener_port: int
    names: tuple[str, ...]
    not_after: str
    """ISO 8601."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCalled:
    """A call of AWS's API was answered. `service` is boto3's name, `error` the code of the error that it got.

    `parameters` are the first ones by flat names (`Targets.1.Id`), cut to their size, without what may be secret.
    """

    at_s: float
    real_s: float
    service: str
    operation: str
    region: str
    error: str | None
    parameters: Mapping[str, str]

    @property
    def is_reading(self) -> bool:
        """Whether it only asked."""
        return self.operation.startswith(("Describe", "Get", "List"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTicked:
    """A learner's step came to something: an observation was seen to happen, or (`is_mistake`) a mistake was tried."""

    at_s: float
    real_s: float
    step: int
    item: str
    is_mistake: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished:
    """One request is over. `path` is without its query; status codes are 0 where there is none.

    `number` is the exchange's, from 0 since the start. `target` is its name, `failure` in words how it let the request
    down.
    """

    at_s: float
    real_s: float
    number: int
    load_balancer: str
    listener_port: int
    client: str
    method: str
    host: str
    path: str
    action: str
    rule_priority: int | None
    elb_status_code: int
    target_status_code: int
    target_group: str | None
    target: str | None
    target_address: str | None
    failure: str | None
    duration_s: float
    trace_id: str

    @property
    def produced_by(self) -> Literal["target", "load balancer"]:
        """Who made the status code."""
        return "target" if self.target_status_code else "load balancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsCounted:
    """So many more requests of one kind were over, which are not told one by one: there were too many of them.

    Together with `RequestFinished` they make up every request exactly once. Errors are never among them.
    """

    at_s: float
    real_s: float
    load_balancer: str
    listener_port: int
    target_group: str | None
    target: str | None
    action: str
    elb_status_code: int
    target_status_code: int
    count: int


Event = (
    TargetStateChanged
    | ProcessStarted
    | ProcessExited
    | FaultInstalled
    | FaultRemoved
    | ConfigurationChanged
    | CertificateChanged
    | ApiCalled
    | CourseTicked
    | RequestFinished
    | RequestsCounted
    | Notice
)
