"""The shape of a scenario file (`scenario/1`), as people write it. `compile` makes a `model.Scenario` of it.

Durations are texts with a unit (`30s`, `300ms`, `2m`), rates too (`20/s`). `None` means "not given".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from simlb.config.documents import AttributeValues, CertificateEntry, MatcherEntry, SecurityGroupEntry
from simlb.config.rule_documents import Fixed, Forward, Port, RedirectTo, RuleEntry

COUNT_MAX = 50
STEPS_MAX = 200

Duration = Annotated[
    str, Meta(description="With its unit: 30s, 300ms, 2m.", extra={"spelling": "durations have a unit: 30s, 300ms, 2m"})
]
Rate = Annotated[
    str,
    Meta(
        description="Requests in load-balancer time: 20/s, 90/m.", extra={"spelling": "rates have a unit: 20/s, 90/m"}
    ),
]
ExpressionText = Annotated[str, Meta(min_length=1)]
Bound = Annotated[str | int | float, Meta(description="A value or an expression.")]
Identifier = Annotated[str, Meta(min_length=1, max_length=64)]
FaultParameters = dict[str, str | int | float | bool]


class WordsEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A text in both languages."""

    ko: str
    en: str


Text = Annotated[str | WordsEntry, Meta(description="{ko: ..., en: ...}, or one text for both.")]


# -- topology ----------------------------------------------------------------------------------------------------------


class HealthEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A target group's health check."""

    protocol: Literal["HTTP", "HTTPS"] | None = None
    port: Port | Literal["traffic-port"] | None = None
    path: str | None = None
    interval: Duration | None = None
    timeout: Duration | None = None
    healthy: int | None = None
    unhealthy: int | None = None
    matcher: str | int | MatcherEntry | None = None


class TargetSpec(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One target. Without `sample`, `run` or `url` it is `sample: echo`."""

    name: str | None = None
    sample: str | None = None
    run: str | None = None
    url: str | None = None
    env: dict[str, str | int | float | bool] = field(default_factory=dict)
    latency: Duration | None = None


class TargetsEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The targets of one group: `count` alike, or `each` by itself."""

    count: Annotated[int, Meta(ge=0, le=COUNT_MAX)] | None = None
    each: list[TargetSpec] | None = None
    sample: str | None = None
    run: str | None = None
    url: str | None = None
    latency: Annotated[Duration | None, Meta(description="Modelled: scales with the clock.")] = None
    health: HealthEntry | None = None
    attributes: AttributeValues = field(default_factory=dict)
    target_type: Literal["ip", "instance"] | None = None
    protocol: Literal["HTTP", "HTTPS"] | None = None


class ListenerSpec(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A listener: `http: 80` or `https: 443`, and what it does."""

    http: Port | None = None
    https: Port | None = None
    forward: Forward = None
    redirect: RedirectTo = None
    fixed_response: Fixed = None
    rules: list[RuleEntry] = field(default_factory=list)
    certificates: list[str | CertificateEntry] | None = None


class TopologyEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is there before the story: described here, or a configuration file in the scenario's folder (`use`)."""

    use: str | None = None
    name: str | None = None
    dns: list[str] | None = None
    targets: dict[str, TargetsEntry] | None = None
    health: Annotated[HealthEntry | None, Meta(description="Of all groups that have none of their own.")] = None
    listeners: list[ListenerSpec] | None = None
    attributes: Annotated[AttributeValues | None, Meta(description="The load balancer's.")] = None
    security_group: SecurityGroupEntry | None = None
    strict: bool | None = None
    latencies: Annotated[dict[str, Duration], Meta(description="Of targets in the file of `use`.")] = field(
        default_factory=dict
    )
    faults: Annotated[list[FaultEntry], Meta(description="Installed before the start.")] = field(default_factory=list)


class LoadEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Clients: `rate`; `rate`, `to` and `over`; `rate`, `peak`, `after` and `for`; or `users` and `think`."""

    id: Identifier
    rate: Rate | None = None
    to: Annotated[Rate | None, Meta(description="The rate at which a ramp ends.")] = None
    over: Annotated[Duration | None, Meta(description="How long a ramp takes.")] = None
    peak: Annotated[Rate | None, Meta(description="The rate of a spike.")] = None
    after: Annotated[Duration | None, Meta(description="When the spike begins.")] = None
    for_: Annotated[Duration | None, Meta(description="How long the spike lasts.")] = field(name="for", default=None)
    users: int | None = None
    think: Duration | None = None
    arrivals: Literal["even", "poisson"] | None = None
    method: str | None = None
    path: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body_bytes: int | None = None
    load_balancer: str | None = None
    port: Port | None = None
    host: str | None = None
    insecure: bool | None = None
    timeout: Duration | None = None
    connect_timeout: Duration | None = None
    keep_alive: bool | None = None
    requests: int | None = None
    lasts: Duration | None = None
    starts: Annotated[str | None, Meta(description="A time of the story, or 'later': a step starts it.")] = None


# -- timeline ----------------------------------------------------------------------------------------------------------


class MatchEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which requests a fault is about."""

    method: str | None = None
    path: str | None = None
    header: dict[str, str] = field(default_factory=dict)


class FaultEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A fault, as `simlb fault add` takes it."""

    id: Identifier
    type: str
    on: str | int | list[str | int] | None = None
    with_: Annotated[FaultParameters, Meta(description="Its parameters.")] = field(name="with", default_factory=dict)
    match: MatchEntry | None = None
    percent: str | int | float | None = None
    count: int | None = None
    every: int | None = None
    pattern: str | None = None
    for_: Duration | None = field(name="for", default=None)


class AskEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A question; the story's time stands still until it is answered."""

    ko: str
    en: str
    choices: Annotated[list[Text], Meta(min_length=2)]
    answer: Annotated[int, Meta(ge=0, description="Which of the choices, from 0.")]
    explain: Text | None = None


class AfterEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Some time after an event."""

    event: ExpressionText
    wait: Duration
    within: Annotated[Duration | None, Meta(description="How long to wait for the event. Default: 10m.")] = None


class ChangeEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A change to a target group, as a person makes it in the console."""

    target_group: str
    health: HealthEntry | None = None
    attributes: AttributeValues = field(default_factory=dict)


class SetLoadEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A change to a load."""

    id: Identifier
    run: Annotated[bool | None, Meta(description="Start or stop it.")] = None
    rate: Rate | None = None
    users: Annotated[int, Meta(ge=1)] | None = None


class StepEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One step: `at`, `when` or `after`, and what happens, in the order of the keys."""

    at: Duration | None = None
    when: ExpressionText | None = None
    within: Annotated[Duration | None, Meta(description="How long `when` may take.")] = None
    after: AfterEntry | None = None
    say: Text | None = None
    ask: AskEntry | None = None
    fault: FaultEntry | list[FaultEntry] | None = None
    heal: Identifier | list[Identifier] | None = None
    change: ChangeEntry | None = None
    register: str | list[str] | None = None
    deregister: str | list[str] | None = None
    load: SetLoadEntry | None = None
    mark: Identifier | None = None


ACTIONS = ("say", "ask", "fault", "heal", "change", "register", "deregister", "load", "mark")
TRIGGERS = ("at", "when", "after")


class SteadyStateEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What must hold for a while before the story begins."""

    for_: Duration = field(name="for")
    that: Annotated[list[ExpressionText], Meta(min_length=1)]
    within: Annotated[Duration | None, Meta(description="How long to look for it. Default: 2m and `for`.")] = None


class ExpectEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One expectation: `that` with one of `in`, `eq`, `approx`, `below`, `above`, or a condition."""

    id: Identifier
    title: Text | None = None
    that: ExpressionText
    in_: Annotated[list[Bound], Meta(min_length=2, max_length=2)] | None = field(name="in", default=None)
    eq: Bound | None = None
    approx: Bound | None = None
    tol: Bound | None = None
    below: Bound | None = None
    above: Bound | None = None


class ClockEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How fast load-balancer time runs by default, how fast it may run, and the seed of all draws."""

    speed: Annotated[float, Meta(gt=0, le=1000)] = 10.0
    max_speed: Annotated[float, Meta(gt=0, le=1000)] = 20.0
    seed: int = 1


class ScenarioFile(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A scenario."""

    simlb: Literal["scenario/1"]
    id: Identifier
    title: Text
    summary: Text
    level: Literal["basic", "intermediate", "advanced"] = "basic"
    minutes: Annotated[float, Meta(gt=0, le=600)] = 5.0
    tags: list[str] = field(default_factory=list)
    clock: ClockEntry = field(default_factory=ClockEntry)
    topology: TopologyEntry
    load: list[LoadEntry] = field(default_factory=list)
    steady_state: SteadyStateEntry | None = None
    timeline: Annotated[list[StepEntry], Meta(min_length=1, max_length=STEPS_MAX)]
    expect: Annotated[list[ExpectEntry], Meta(min_length=1)]
    rollback: Literal["always", "on_pass", "never"] = "always"


NOT_YET: Mapping[type[Struct], Mapping[str, str]] = {
    TopologyEntry: {"azs": ""},
    TargetsEntry: {"spread": "there are no availability zones yet", "az": ""},
    TargetSpec: {"az": "", "fake": "there are sample targets: sample: echo"},
}
"""Keys of the future, refused with a hint."""

ELSEWHERE: Mapping[type[Struct], Mapping[str, str]] = {
    FaultEntry: {
        **dict.fromkeys(
            ("latency", "ms", "status", "path", "rate", "at"), "a parameter of the fault: with: {KEY: ...}"
        ),
        "target": "on: web/3",
    },
    StepEntry: {"narrate": "say: ...", "question": "ask: ...", "wait": "after: {event: ..., wait: 20s}"},
    TopologyEntry: {
        "load_balancers": "a file beside this one: use: simlb.yaml",
        "target_groups": "targets: {web: {count: 4}}",
    },
    TargetsEntry: {"health_check": "health: {path: /health}"},
    ScenarioFile: {
        "speed": "clock: {speed: 10}",
        "seed": "clock: {seed: 7}",
        "loads": "load: [...]",
        "expectations": "expect: [...]",
    },
}
"""Keys that people write elsewhere, each with what to write here."""
