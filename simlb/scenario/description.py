"""What can be said about a scenario before it runs, as JSON: story, surroundings, and the numbers to expect.

docs/json-api.md shows the members. Times are load-balancer seconds: divided by a speed they are real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simlb.scenario import model
from simlb.scenario.arithmetic import DryRun, dry_run
from simlb.scenario.model import Action, Scenario, Step, Words

Json = dict[str, Any]


def describe(scenario: Scenario) -> Json:
    """Everything."""
    dry = dry_run(scenario)
    return {
        "id": scenario.id,
        "title": both(scenario.title),
        "summary": both(scenario.summary),
        "level": scenario.level,
        "minutes": scenario.minutes,
        "tags": list(scenario.tags),
        "speed": scenario.speed,
        "max_speed": scenario.max_speed,
        "seed": scenario.seed,
        "variables": dict(scenario.variables),
        "lasts_s": dry.lasts_s,
        "loads": [_load(load) for load in scenario.loads],
        "steady_state": [] if scenario.steady_state is None else [one.text for one in scenario.steady_state.that],
        "steps": [_step(step) for step in scenario.timeline],
        "topology": _topology(scenario),
        **_numbers(dry),
    }


def both(words: Words) -> Json:
    """A text in both languages."""
    return {"en": words.en, "ko": words.ko}


def _numbers(dry: DryRun) -> Json:
    """What `simlb scenario check` prints."""
    return {
        "estimates": [
            {
                "id": each.id,
                "title": both(each.title),
                "formula": each.formula,
                "low": each.low,
                "high": each.high,
                "mean": each.mean,
                "unit": each.unit,
            }
            for each in dry.estimates
        ],
        "expectations": [
            {
                "id": each.expectation.id,
                "title": both(each.expectation.title),
                "that": each.expectation.that.text,
                "expected": None if each.words is None else both(each.words),
                "bounds": None if each.bounds is None else list(each.bounds),
                "is_duration": each.expectation.is_duration,
            }
            for each in dry.expected
        ],
        "timeouts": [{"title": both(each.title), "aws_s": each.aws_s} for each in dry.timeouts],
    }


def _load(load: model.Load) -> Json:
    plan = load.plan
    return {
        "id": load.id,
        "method": plan.get("method", "GET"),
        "path": plan.get("path", "/"),
        "port": plan["port"],
        "rate_per_s": plan.get("rate_per_s"),
        "users": plan.get("users"),
        "starts_at_s": load.starts_at_s,
    }


# -- the story ---------------------------------------------------------------------------------------------------------


def _step(step: Step) -> Json:
    trigger = step.trigger
    when: Json
    match trigger:
        case model.At():
            when = {"at_s": trigger.at_s}
        case model.After():
            when = {"after": trigger.event.text, "wait_s": trigger.wait_s, "within_s": trigger.within_s}
        case model.When():
            when = {"when": trigger.condition.text, "within_s": trigger.within_s}
    return {"trigger": when, "actions": [_action(action) for action in step.actions]}


def _action(action: Action) -> Json:
    match action:
        case model.Say():
            return {"type": "say", "words": both(action.words)}
        case model.Ask():
            return {"type": "ask", "words": both(action.question), "choices": [both(one) for one in action.choices]}
        case model.FaultAction():
            return {
                "type": "fault",
                "id": action.id,
                "fault": action.type,
                "on": list(action.on),
                "parameters": dict(action.parameters),
            }
        case model.Heal():
            return {"type": "heal", "ids": list(action.ids)}
        case model.ChangeTargetGroup():
            changes = {**action.health_check, **action.attributes}
            return {"type": "change", "target_group": action.target_group, "changes": changes}
        case model.Register():
            return {"type": "register", "targets": list(action.targets)}
        case model.Deregister():
            return {"type": "deregister", "targets": list(action.targets)}
        case model.SetLoad():
            changes = {"runs": action.runs, "rate_per_s": action.rate_per_s, "users": action.users}
            return {"type": "load", "id": action.id, **changes}
        case model.Mark():
            return {"type": "mark", "name": action.name}


# -- what stands there -------------------------------------------------------------------------------------------------


def _topology(scenario: Scenario) -> Json:
    """Listeners and target groups by the names that a journal has them by."""
    config = scenario.topology.config
    return {
        "load_balancers": [
            {"name": balancer["name"], "listeners": [_listener(one) for one in balancer.get("listeners", ())]}
            for balancer in config.get("load_balancers", ())
        ],
        "target_groups": [
            _group(group, scenario.topology.groups[group["name"]]) for group in config.get("target_groups", ())
        ],
    }


def _listener(values: Mapping[str, Any]) -> Json:
    rules = [*values.get("rules", ()), {**values, "priority": "default"}]
    return {
        "protocol": values["protocol"],
        "port": values["port"],
        "rules": [
            {"priority": rule.get("priority"), "action": _action_of(rule), "target_groups": list(_forwarded_to(rule))}
            for rule in rules
        ],
    }


def _action_of(rule: Mapping[str, Any]) -> str:
    return next((name for name in ("forward", "redirect", "fixed_response") if name in rule), "")


def _forwarded_to(rule: Mapping[str, Any]) -> Iterator[str]:
    """By name, by a mapping of weights, or by a list of either."""
    written = rule.get("forward", ())
    for one in [written] if isinstance(written, str) else written:
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict) and "target_group" in one:
            yield one["target_group"]


def _group(values: Mapping[str, Any], targets: Sequence[str]) -> Json:
    check = values.get("health_check", {})
    return {
        "name": values["name"],
        "algorithm": values.get("attributes", {}).get("load_balancing.algorithm.type", "round_robin"),
        "health_check": {"path": check.get("path", "/")},
        "targets": list(targets),
    }
