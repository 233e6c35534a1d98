"""`simlb scenario ls`, `show`, `new`, `check`: what can be said about scenarios without running one."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from simlb.cli.terminal import Style, columns, ticked
from simlb.errors import EXIT_FINE

if TYPE_CHECKING:
    from simlb.scenario.arithmetic import DryRun, Estimate, Expected
    from simlb.scenario.model import Action, Language, Scenario, Step


def language_of(arguments: Namespace) -> Language:
    """The language asked for, else that of the environment: Korean or English."""
    chosen = getattr(arguments, "lang", None)
    if chosen is None:
        environment = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
        chosen = "ko" if environment.startswith("ko") else "en"
    return cast("Language", chosen)


def ls(arguments: Namespace) -> int:
    """List the scenarios that come with simlb."""
    from simlb.scenario import compile as compiling
    from simlb.scenario import shelf

    scenarios = [compiling.load(path) for path in shelf.shipped()]
    if arguments.json:
        print(json.dumps([_json(scenario) for scenario in scenarios], ensure_ascii=False, indent=2))
        return EXIT_FINE
    language = language_of(arguments)
    rows = [
        (scenario.id, scenario.level, f"{scenario.minutes:g} min", scenario.title.of(language))
        for scenario in scenarios
    ]
    for line in columns(rows):
        print(line)
    return EXIT_FINE


def show(arguments: Namespace) -> int:
    """Tell what a scenario is about."""
    scenario = _load(arguments)
    if arguments.json:
        print(json.dumps(_json(scenario), ensure_ascii=False, indent=2))
        return EXIT_FINE
    style, language = Style.of(sys.stdout), language_of(arguments)
    print(style.bold(f"{scenario.id}: {scenario.title.of(language)}"))
    print(scenario.summary.of(language))
    print()
    groups = "  ".join(f"{name}: {' '.join(targets)}" for name, targets in scenario.topology.groups.items())
    rows = [("level", f"{scenario.level}, about {scenario.minutes:g} minutes"), ("targets", groups)]
    rows += [("starts", command) for command in scenario.topology.uses_commands]
    rows += [("load", f"{load.id} {_load_words(load.plan)}") for load in scenario.loads]
    if scenario.steady_state is not None:
        rows.append(("steady", "; ".join(condition.text for condition in scenario.steady_state.that)))
    rows.append(("speed", f"{scenario.speed:g}, at most {scenario.max_speed:g}; seed {scenario.seed}"))
    for line in columns(rows):
        print(line)
    print()
    for step in scenario.timeline:
        for line in _step_lines(step, language):
            print(line)
    print()
    for line in columns([(item.id, item.that.text, item.title.of(language)) for item in scenario.expectations]):
        print(line)
    return EXIT_FINE


def new(arguments: Namespace) -> int:
    """Write a template."""
    from simlb.scenario import shelf

    path = shelf.write_template(arguments.id)
    print(f"{path} written.  Check it: simlb scenario check {path}      Run it: simlb scenario run {path}")
    return EXIT_FINE


def check(arguments: Namespace) -> int:
    """Say that a scenario is right, and what its numbers come to; a wrong one raises ConfigError."""
    from simlb.scenario.arithmetic import dry_run

    scenario = _load(arguments)
    dry = dry_run(scenario, arguments.speed)
    if arguments.json:
        print(json.dumps(_dry_json(scenario, dry), ensure_ascii=False, indent=2))
        return EXIT_FINE
    style, language = Style.of(sys.stdout), language_of(arguments)
    for line in check_lines(scenario, dry, language, style):
        print(line)
    return EXIT_FINE


def check_lines(scenario: Scenario, dry: DryRun, language: Language, style: Style) -> Iterator[str]:
    """The dry run for people."""
    counts = f"{len(scenario.timeline)} steps, {len(scenario.expectations)} expectations"
    yield ticked(f"{scenario.id} is right: {counts}. At most {_time(dry.lasts_s, dry.speed)}.", style)
    shown = "  ".join(f"{name} {value:g}" for name, value in scenario.variables.items())
    yield f"   {shown}"
    yield ""
    # What may be Korean comes last: its letters are two columns wide on some terminals only.
    head = ("formula", "AWS time", f"at ×{dry.speed:g}", "quantity")
    rows = [head, *(_estimate_row(estimate, dry.speed, language) for estimate in dry.estimates)]
    yield from columns(rows)
    yield ""
    rows = [("expectation", "value", f"at ×{dry.speed:g}", "expected")]
    rows += [_expected_row(expected, dry.speed, language) for expected in dry.expected]
    yield from columns(rows)
    for timeout in dry.timeouts:
        if timeout.is_short:
            times = f"{timeout.title.of(language)}: {timeout.aws_s:g} s = {timeout.real_s * 1000:.0f} ms"
            why = "바쁜 컴퓨터에서는 짧습니다" if language == "ko" else "short for a busy machine"
            yield style.yellow(f"! {times}, {why}")
    for command in scenario.topology.uses_commands:
        why = "명령을 실행하므로 --allow-run 이 필요합니다" if language == "ko" else "starts a command: --allow-run"
        yield style.yellow(f"! {why}: {command}")


def _load(arguments: Namespace) -> Scenario:
    from simlb.scenario import compile as compiling
    from simlb.scenario import shelf

    return compiling.load(shelf.find(arguments.scenario))


def _load_words(plan: Any) -> str:
    target = f"{plan.get('method', 'GET')} {plan.get('path', '/')} to :{plan['port']}"
    if "users" in plan:
        return f"{plan['users']} users, {target}"
    end = f" to {plan['to_rate_per_s']:g}/s" if "to_rate_per_s" in plan else ""
    end = f", peak {plan['peak_rate_per_s']:g}/s" if "peak_rate_per_s" in plan else end
    return f"{plan['rate_per_s']:g}/s{end}, {target}"


def _step_lines(step: Step, language: Language) -> Iterator[str]:
    from simlb.scenario.model import After, At

    trigger = step.trigger
    if isinstance(trigger, At):
        when = f"at {trigger.at_s:g}s"
    elif isinstance(trigger, After):
        when = f"{trigger.wait_s:g}s after {trigger.event.text}"
    else:
        when = f"when {trigger.condition.text}, within {trigger.within_s:g}s"
    yield when
    for action in step.actions:
        yield f"    {_action_words(action, language)}"


def _action_words(action: Action, language: Language) -> str:
    from simlb.scenario import model

    match action:
        case model.Say():
            return f"“{action.words.of(language)}”"
        case model.Ask():
            choices = " / ".join(choice.of(language) for choice in action.choices)
            return f"? {action.question.of(language)}  ({choices})"
        case model.FaultAction():
            given = "".join(f" {name}={value}" for name, value in action.parameters.items())
            on = f" on {', '.join(action.on)}" if action.on else ""
            return f"fault {action.id}: {action.type}{on}{given}"
        case model.Heal():
            return f"heal {', '.join(action.ids)}"
        case model.ChangeTargetGroup():
            changes = {**action.health_check, **action.attributes}
            return f"change {action.target_group}: {', '.join(f'{key}={value}' for key, value in changes.items())}"
        case model.Register():
            return f"register {', '.join(action.targets)}"
        case model.Deregister():
            return f"deregister {', '.join(action.targets)}"
        case model.SetLoad():
            changes = {"runs": action.runs, "rate": action.rate_per_s, "users": action.users}
            return f"load {action.id}: {', '.join(f'{k}={v}' for k, v in changes.items() if v is not None)}"
        case model.Mark():
            return f"mark {action.name}"


def _estimate_row(estimate: Estimate, speed: float, language: Language) -> tuple[str, str, str, str]:
    title = estimate.title.of(language)
    if estimate.unit == "requests":
        return estimate.formula, _range(estimate.low, estimate.high, estimate.mean, ""), "", title
    scaled = [None if value is None else value / speed for value in (estimate.low, estimate.high, estimate.mean)]
    low, high, mean = scaled
    assert low is not None
    assert high is not None
    in_aws = _range(estimate.low, estimate.high, estimate.mean, " s")
    return estimate.formula, in_aws, _range(low, high, mean, " s"), title


def _expected_row(expected: Expected, speed: float, language: Language) -> tuple[str, str, str, str]:
    item = expected.expectation
    if expected.words is None:
        return item.id, item.that.text, "", "실행해야 알 수 있음" if language == "ko" else "known only from a run"
    real = ""
    if expected.bounds is not None and item.is_duration:
        real = _range(expected.bounds[0] / speed, expected.bounds[1] / speed, None, " s")
    return item.id, item.that.text, real, expected.words.of(language)


def _range(low: float, high: float, mean: float | None, unit: str) -> str:
    if low == high:
        return f"{low:.4g}{unit}"
    average = "" if mean is None else f", mean {mean:.4g}"
    return f"{low:.4g} … {high:.4g}{unit}{average}"


def _time(aws_s: float, speed: float) -> str:
    return f"{aws_s:.4g} s, here {aws_s / speed:.3g} s"


def _json(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "title": {"en": scenario.title.en, "ko": scenario.title.ko},
        "summary": {"en": scenario.summary.en, "ko": scenario.summary.ko},
        "level": scenario.level,
        "minutes": scenario.minutes,
        "tags": list(scenario.tags),
        "speed": scenario.speed,
        "max_speed": scenario.max_speed,
        "seed": scenario.seed,
        "targets": {name: list(targets) for name, targets in scenario.topology.groups.items()},
        "commands": list(scenario.topology.uses_commands),
        "expectations": [{"id": item.id, "that": item.that.text} for item in scenario.expectations],
        "file": None if scenario.path is None else str(scenario.path),
    }


def _dry_json(scenario: Scenario, dry: DryRun) -> dict[str, Any]:
    return {
        "id": scenario.id,
        "speed": dry.speed,
        "variables": dict(scenario.variables),
        "lasts_s": dry.lasts_s,
        "estimates": [
            {"id": each.id, "low": each.low, "high": each.high, "mean": each.mean, "unit": each.unit}
            for each in dry.estimates
        ],
        "expectations": [
            {
                "id": each.expectation.id,
                "that": each.expectation.that.text,
                "expected": None if each.words is None else each.words.en,
                "bounds": None if each.bounds is None else list(each.bounds),
            }
            for each in dry.expected
        ],
        "timeouts": [
            {"what": each.title.en, "aws_s": each.aws_s, "real_s": each.real_s, "is_short": each.is_short}
            for each in dry.timeouts
        ],
    }
