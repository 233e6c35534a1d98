"""A scenario, compiled: all names checked and resolved, all durations in load-balancer seconds.

Targets, target groups and load balancers go by their configured names (`i-03`, `web`, `my-alb`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from simlb.scenario.expression_tree import Expression

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")

Level = Literal["basic", "intermediate", "advanced"]
Value = float | int | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text in both languages. It may hold `{I}`, `{U}`, `{H}`, `{T}`, `{N}`, `{R}` and `{elapsed}`."""

    en: str
    ko: str

    def of(self, language: Language) -> str:
        """The text in one of them."""
        return self.ko if language == "ko" else self.en


# -- what runs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What is there before the story begins."""

    config: Mapping[str, Any]
    """The values of a whole configuration (`config/1`), as a file would hold them; binds are left to the runner."""
    folder: Path
    """What relative paths in `config` are relative to."""
    latencies: Mapping[str, float] = field(default_factory=dict)
    """Modelled latency of targets, in load-balancer seconds, by target name."""
    faults: tuple[FaultAction, ...] = ()
    """Installed before the start, and before the steady state is looked for."""
    uses_commands: tuple[str, ...] = ()
    """Every `run:` command in `config`, for --allow-run."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the targets by target group, in order: `web/3` is `groups["web"][2]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Clients. All rates are requests in a load-balancer second, so that they scale with the clock."""

    id: str
    plan: Mapping[str, Any]
    """A `simlb.load.LoadPlan` as its `from_json` takes it."""
    starts_at_s: float | None = None
    """At a time of the story; None: before the steady state is looked for."""
    is_waiting: bool = False
    """True: only a step starts it."""


# -- the timeline ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """At a time of the story, which stands still while a question waits for its answer."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """As soon as a condition holds, looked at from when the step before is over; missed when `within_s` pass first."""

    condition: Expression
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Some time after an event, which may have happened already; missed when it does not within `within_s`."""

    event: Expression
    wait_s: float
    within_s: float


Trigger = At | When | After


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Narrate."""

    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Let people predict, then reveal. The story's time stands still meanwhile; load balancer and load go on."""

    question: Words
    choices: tuple[Words, ...]
    answer: int
    """Which of `choices`, from 0."""
    explanation: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultAction:
    """Install a fault. `type`, `on`, `parameters` and `selection` are as `simlb fault add` takes them."""

    id: str
    type: str
    on: tuple[str, ...] = ()
    """Names of targets, of a target group, or a listener's port, by the type's scope."""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """As written: `"300ms"`, 503, `"connect"`."""
    selection: Mapping[str, Any] = field(default_factory=dict)
    """Of `match` (a mapping of `method`, `path`, `header`), `percent`, `count`, `every`, `pattern`."""
    for_s: float | None = None
    """Undone by itself after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal:
    """Undo faults by their ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTargetGroup:
    """Change a target group's health check or attributes, as a person would in the console."""

    target_group: str
    health_check: Mapping[str, Any] = field(default_factory=dict)
    """In the keys of `config/1`: `path`, `interval`, `matcher` ..."""
    attributes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Register targets again that `Deregister` took away."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deregister:
    """Deregister targets; the story does not wait until they have drained."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLoad:
    """Start or stop a load, or change its rate. What is None stays as it is."""

    id: str
    runs: bool | None = None
    rate_per_s: float | None = None
    users: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Give the moment a name."""

    name: str


Action = Say | Ask | FaultAction | Heal | ChangeTargetGroup | Register | Deregister | SetLoad | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of the timeline. Steps come one after another; the actions of a step in the order of the file."""

    trigger: Trigger
    actions: tuple[Action, ...]
    line: int = 0
    """Where it stands in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyState:
    """What must hold without a break for `for_s` before the story begins; else the run is void, not failed."""

    for_s: float
    that: tuple[Expression, ...]
    within_s: float
    """How long to look for it."""


# -- what is expected --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """From `low` to `high`, both included."""

    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """Exactly so."""

    value: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Approximately:
    """At most `tolerance` away from `value`."""

    value: Expression
    tolerance: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """Less than that."""

    limit: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """More than that."""

    limit: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """The expression itself says yes or no."""


Bound = Within | Equals | Approximately | Below | Above | Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One thing that must be so, looked at when the story is over."""

    id: str
    title: Words
    that: Expression
    bound: Bound
    is_duration: bool = False
    """Whether the value is one, to be shown in seconds."""
    line: int = 0


class Rollback(StrEnum):
    """When faults are removed and the configuration is restored after the last step; an interrupted run always does."""

    ALWAYS = "always"
    ON_PASS = "on_pass"  # noqa: S105 - no password
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario, ready to run."""

    id: str
    title: Words
    summary: Words
    level: Level
    minutes: float
    tags: tuple[str, ...]
    speed: float
    max_speed: float
    """Faster than this its arithmetic does not hold on an ordinary machine."""
    seed: int
    topology: Topology
    loads: tuple[Load, ...]
    steady_state: SteadyState | None
    timeline: tuple[Step, ...]
    expectations: tuple[Expectation, ...]
    rollback: Rollback
    variables: Mapping[str, float]
    """`I`, `U`, `H`, `T` of the first target group's health check, `N` its targets, `R` the first load's rate."""
    path: Path | None
    text: str
    """The file, as it was read."""
