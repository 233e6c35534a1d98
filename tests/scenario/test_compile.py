"""Scenario files: what they come to, and everything that can be wrong with one."""

from __future__ import annotations

import pytest

from simlb.scenario.model import (
    After,
    Approximately,
    Ask,
    At,
    ChangeTargetGroup,
    Deregister,
    FaultAction,
    Heal,
    Mark,
    Register,
    Say,
    SetLoad,
    When,
    Within,
)
from tests.scenario.files import TEXT, changed, compiled, problems


def test_a_small_scenario() -> None:
    scenario = compiled()
    assert (scenario.id, scenario.title.ko, scenario.summary.en) == ("small", "작은 것", "One text for both")
    assert (scenario.speed, scenario.max_speed, scenario.seed) == (10, 25, 7)
    assert scenario.variables == {"I": 30, "U": 2, "H": 5, "T": 5, "N": 3, "R": 20}
    assert scenario.topology.groups == {"web": ("i-01", "i-02", "i-03")}
    assert scenario.topology.latencies == {"i-01": 0.012, "i-02": 0.012, "i-03": 0.012}
    (load,) = scenario.loads
    assert (load.plan["rate_per_s"], load.plan["timeout_s"], load.plan["port"]) == (20, 70, 80)
    assert scenario.steady_state is not None
    assert (scenario.steady_state.for_s, scenario.steady_state.within_s) == (5, 125)
    triggers = [step.trigger for step in scenario.timeline]
    assert triggers[1] == At(at_s=10)
    assert isinstance(triggers[2], When)
    assert triggers[2].within_s == 65
    assert isinstance(triggers[3], After)
    assert (triggers[3].event.text, triggers[3].wait_s) == ("out", 20)
    assert [step.actions for step in scenario.timeline[1:]] == [
        (FaultAction(id="crash", type="target.crash", on=("i-03",)),),
        (Mark(name="out"),),
        (Heal(ids=("crash",)),),
    ]
    detect, share = scenario.expectations
    assert isinstance(detect.bound, Within)
    assert detect.is_duration
    assert isinstance(share.bound, Approximately)
    assert share.title.en == "share"


def test_actions_come_in_the_order_of_the_file() -> None:
    text = changed(
        "say: Hello {N}",
        """\
mark: begun
    ask: {ko: 몇?, en: How many?, choices: [One, {ko: 둘, en: Two}], answer: 1, explain: "Because {I}"}
    load: {id: users, rate: 90/m}
    say: Now
    deregister: [web/1, i-02]
    register: web
    change:
      target_group: web
      health: {path: /ready, interval: 10s}
      attributes: {slow_start.duration_seconds: 30}""",
    )
    mark, ask, load, say, gone, back, change = compiled(text).timeline[0].actions
    assert isinstance(mark, Mark)
    assert isinstance(say, Say)
    assert isinstance(ask, Ask)
    assert (ask.choices[1].ko, ask.answer, ask.explanation and ask.explanation.en) == ("둘", 1, "Because {I}")
    assert load == SetLoad(id="users", rate_per_s=1.5)
    assert gone == Deregister(targets=("i-01", "i-02"))
    assert back == Register(targets=("i-01", "i-02", "i-03"))
    assert change == ChangeTargetGroup(
        target_group="web",
        health_check={"path": "/ready", "interval": "10s"},
        attributes={"slow_start.duration_seconds": 30},
    )


@pytest.mark.parametrize(
    ("entry", "plan"),
    [
        (
            "{id: a, rate: 2/s, to: 20/s, over: 30s}",
            {"kind": "ramp", "rate_per_s": 2, "to_rate_per_s": 20, "over_s": 30},
        ),
        (
            "{id: a, rate: 5/s, peak: 19/s, after: 20s, for: 10s}",
            {"kind": "spike", "rate_per_s": 5, "peak_rate_per_s": 19, "peak_at_s": 20, "peak_for_s": 10},
        ),
        ("{id: a, users: 10, think: 500ms}", {"kind": "closed", "users": 10, "think_s": 0.5}),
        ("{id: a, rate: 1/s, keep_alive: false, host: x.test}", {"keep_alive": False, "host": "x.test"}),
    ],
)
def test_kinds_of_load(entry: str, plan: dict[str, object]) -> None:
    scenario = compiled(changed('{id: users, rate: 20/s, path: "/items/{n}", timeout: 70s}', entry))
    assert plan.items() <= dict(scenario.loads[0].plan).items()
    assert ("R" in scenario.variables) is ("rate_per_s" in plan or "host" in plan)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("simlb: scenario/1", "simlb: config/1", "E502 s.yaml:1: 'simlb' must be 'scenario/1', not 'config/1'"),
        ("id: small", "id: Small One", "E502 s.yaml:2: 'Small One' is not an id"),
        ("title:", "titel:", "E501 s.yaml:3: unknown key 'titel' in the file (did you mean 'title'?)"),
        ("{ko: 작은 것, en: A small one}", "{ko: 작은 것}", "E501 s.yaml:3: 'en' is missing in title"),
        ("speed: 10", "speed: 60", "E502 s.yaml:5: speed 60 is above the scenario's max_speed 25"),
        (
            "max_speed: 25",
            "max_speed: 50",
            "E502 s.yaml:5: at 50 times the speed 'users' sends 1000 requests in a real second; the cap is 500",
        ),
        (
            "say: Hello {N}",
            "load: {id: users, rate: 21/s}",
            "E502 s.yaml:5: at 25 times the speed 'users' sends 525 requests in a real second; the cap is 500",
        ),
        ("latency: 12ms", "latency: 12", "E501 s.yaml:8: 'latency' must be text, not 12"),
        ("latency: 12ms", "latency: 12q", "E502 s.yaml:8: '12q' is not a duration"),
        ("count: 3", "count: 99", "E502 s.yaml:8: 'count' must be a whole number from 0 to 50, not 99"),
        ("count: 3", "spread: azs, count: 3", "E505 s.yaml:8: 'spread' is not supported yet"),
        ("interval: 30s", "interval: 3s", "E502 s.yaml:9: 'interval' must be from 5 to 300, not 3"),
        ("path: /health", "path: health", "E502 s.yaml:9: health check path 'health' must start with '/'"),
        ("forward: web", "forward: wbe", "E503 s.yaml:11: Target group 'wbe' not found (TargetGroupNotFound)"),
        ("http: 80,", "", "E501 s.yaml:11: a listener has either 'http' or 'https'"),
        ("rate: 20/s", "rate: 20", "E501 s.yaml:13: 'rate' must be text, not 20"),
        ("rate: 20/s", "rate: 20/h", "E502 s.yaml:13: '20/h' is not a rate such as 20/s"),
        ("rate: 20/s, ", "", "E502 s.yaml:13: load 'users' has neither a rate nor users"),
        ("rate: 20/s", "rate: 20/s, users: 3", "E502 s.yaml:13: load 'users' has either a rate or users"),
        ("rate: 20/s", "rate: 20/s, port: 443", "E502 s.yaml:13: 'my-alb' has no listener 443: there are 80"),
        ("rate: 20/s", "rate: 20/s, over: 5s", "E651 s.yaml:13: over_s: only a load of kind ramp has it"),
        (
            "healthy(web) == N",
            "healthy(wbe) == N",
            "E662 s.yaml:16: 'healthy(wbe) == N': there is no target group 'wbe'",
        ),
        ("healthy(web) == N", "healthy(web)", "E662 s.yaml:16: 'healthy(web)': a condition is needed, not a number"),
        ("healthy(web) == N", "healthy(web) == ", "E661 s.yaml:16: 'healthy(web) == ':"),
        (
            "healthy(web) == N",
            "between(crash, end) < 5s",
            "E662 s.yaml:16: 'between(crash, end) < 5s': there is no moment",
        ),
        ("at: 0s", "at: 20s", "E666 s.yaml:20: 10s is before the step above (20s)"),
        ("at: 0s", "at: 0s\n    when: 1 < 2", "E501 s.yaml:18: a step has exactly one of 'at', 'when', 'after'"),
        ("at: 0s", "at: 0s\n    within: 5s", "E501 s.yaml:19: 'within' goes with 'when'"),
        ("say: Hello {N}", "say: Hello {M}", "E502 s.yaml:19: nothing fills '{M}'"),
        ("say: Hello {N}", "within: 5s", "E501 s.yaml:18: a step does something"),
        ("say: Hello {N}", "register: web/7", "E662 s.yaml:19: 'web' has 3 targets: there is no 'web/7'"),
        ("say: Hello {N}", "load: {id: usres, run: true}", "E503 s.yaml:19: there is no load 'usres'"),
        ("say: Hello {N}", "load: {id: users}", "E501 s.yaml:19: nothing is changed"),
        ("say: Hello {N}", "load: {id: users, users: 3}", "E502 s.yaml:19: load 'users' is constant"),
        ("say: Hello {N}", "change: {target_group: wbe}", "E503 s.yaml:19: there is no target group 'wbe'"),
        ("say: Hello {N}", "change: {target_group: web}", "E501 s.yaml:19: nothing is changed"),
        (
            "say: Hello {N}",
            "change: {target_group: web, health: {interval: 30}}",
            "E501 s.yaml:19: 'interval' must be text, not 30",
        ),
        (
            "say: Hello {N}",
            "change: {target_group: web, health: {unhealthy: 99}}",
            "E502 s.yaml:19: 'unhealthy' must be from 2 to 10, not 99",
        ),
        (
            "say: Hello {N}",
            "change: {target_group: web, attributes: {slow_strat: 3}}",
            "E501 s.yaml:19: attribute key 'slow_strat' is not recognized",
        ),
        ("say: Hello {N}", "heal: crash", "E666 s.yaml:19: fault 'crash' is not installed yet"),
        ("say: Hello {N}", "mark: start", "E502 s.yaml:19: 'start' has a meaning already"),
        ("say: Hello {N}", "mark: web", "E502 s.yaml:19: 'web' has a meaning already"),
        ("say: Hello {N}", "mark: crash", "E502 s.yaml:19: 'crash' is there already"),
        ("say: Hello {N}", "mark: a b", "E502 s.yaml:19: 'a b' is no name"),
        (
            "say: Hello {N}",
            "ask: {ko: 몇?, en: How?, choices: [a, b], answer: 2}",
            "E502 s.yaml:19: there is no choice 2: they count from 0 to 1",
        ),
        (
            "say: Hello {N}",
            "ask: {ko: 몇?, en: How?, choices: [a], answer: 0}",
            "E502 s.yaml:19: 'choices' needs at least 2 entries",
        ),
        ("type: target.crash", "type: target.crush", "E630 s.yaml:21: There is no fault 'target.crush'."),
        ("on: web/3}", "on: web/9}", "E634 s.yaml:21: There is no target web/9: web has 3."),
        ("on: web/3}", "on: web/3, latency: 3ms}", "E501 s.yaml:21: unknown key 'latency' in fault"),
        ("on: web/3}", "on: web/3, with: {ms: 3}}", "E631 s.yaml:21: target.crash has no parameter 'ms'."),
        ("on: web/3}", "on: web/3, percent: 30}", "E637 s.yaml:21: target.crash takes no percent."),
        ("on: web/3}", "on: web/3, for: soon}", "E502 s.yaml:21: 'soon' is not a duration"),
        (
            "type: target.crash, on: web/3",
            "type: link.latency, on: web/3",
            "E633 s.yaml:21: link.latency needs latency: how much.",
        ),
        ("within: 65s", "say: out", "E501 s.yaml:22: 'when' needs 'within'"),
        (
            "when: health(web/3)",
            "when: health(web/4)",
            "E662 s.yaml:22: 'health(web/4) == unhealthy': 'web' has 3 targets",
        ),
        ("event: out", "event: crash.healed", "E666 s.yaml:25: 'crash.healed': 'crash.healed' cannot have happened"),
        ("event: out", "event: healthy(web)", "E662 s.yaml:25: 'healthy(web)': a moment is needed"),
        ("heal: crash", "heal: [crash, crash]", "E666 s.yaml:26: fault 'crash' is healed already"),
        ("heal: crash", "heal: crush", "E503 s.yaml:26: there is no fault 'crush' (did you mean 'crash'?)"),
        ("id: share", "id: detect", "E502 s.yaml:29: there are two expectations 'detect'"),
        ("approx: 1/N", "eq: 1/N", "E501 s.yaml:29: 'approx' and 'tol' go together"),
        ("approx: 1/N, tol: 0.05", "approx: 1s, tol: 0.05", "E662 s.yaml:29: '1s' is a duration, and 'ratio("),
        (", approx: 1/N, tol: 0.05", "", "E501 s.yaml:29: an expectation has one of 'in', 'eq', 'approx'"),
        (
            '"between(crash, out)", in: ["(U-1)*I", "U*I + 2s"]',
            '"1 < 2", eq: 1',
            "E501 s.yaml:28: '1 < 2' is a condition",
        ),
        ('"U*I + 2s"]', '"U*I + 2s", 3s]', "E502 s.yaml:28: 'in' needs 2 entries"),
        ('["(U-1)*I", "U*I + 2s"]', '["(U-1)*I", 62]', "E662 s.yaml:28: '62' is a number, and 'between(crash, out)'"),
        (
            "between(crash, out)",
            "between(crash, uot)",
            "E662 s.yaml:28: 'between(crash, uot)': there is no moment 'uot'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, problem: str) -> None:
    assert [told for told in problems(changed(old, new)) if told.startswith(problem)], problems(changed(old, new))


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        TEXT.replace("{N}", "{M}").replace("type: target.crash", "type: target.crush").replace("heal: crash", "heal: c")
    )
    told = problems(text.replace("approx: 1/N", "approx: 1/X"))
    assert [problem.partition(" ")[2].partition(": ")[0] for problem in told] == [
        f"s.yaml:{n}" for n in (19, 21, 26, 29)
    ]


def test_an_expectation_on_what_no_step_brings_about() -> None:
    text = TEXT[: TEXT.index("  - after:")] + TEXT[TEXT.index("expect:") :].replace("to=out", "to=crash.healed")
    (problem,) = problems(text)
    assert "'crash.healed' cannot have happened: no step brings it about" in problem


def test_a_fault_for_a_while_heals_by_itself() -> None:
    text = changed("on: web/3}", "on: web/3, for: 20s}").replace("heal: crash", "say: Later")
    assert problems(text.replace("between(crash, out)", "between(crash, crash.healed)")) == []


def test_a_text_may_be_compared_without_quotes_of_its_own() -> None:
    line = '  - {id: why, that: "reason(web/3, at=out)", eq: Target.FailedHealthChecks}\n'
    assert compiled(TEXT + line).expectations[-1].id == "why"


def test_there_has_to_be_something_that_can_run() -> None:
    for text in ("", "- a\n", "simlb: scenario/1\n"):
        assert problems(text)
