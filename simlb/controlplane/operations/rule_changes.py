"""Creating, changing, ordering and deleting rules (reference 1.3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NoReturn

from simlb.controlplane.operations.action_parameters import ActionReader, raise_first
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import ListenerEntry, RuleEntry, rules_of
from simlb.controlplane.operations.condition_parameters import read_conditions, read_transforms
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.listener_changes import put_listener
from simlb.controlplane.operations.references import LISTENER, RULE
from simlb.controlplane.operations.rules import rule_result
from simlb.controlplane.operations.tags import read_tags
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids
from simlb.core.model import Rule
from simlb.core.validation import priority_errors


async def create_rule(call: Call) -> Result:
    """A rule of its own priority. It holds from the next request on."""
    given = call.parameters
    conditions = read_conditions(given["Conditions"])
    rewrites = read_transforms(given.get("Transforms") or ())
    tags = read_tags(given.get("Tags"))

    def create(draft: Draft) -> Result:
        entry = LISTENER.find_one(draft.catalog.listeners, call.text("ListenerArn"))
        taken = {rule.priority for rule in entry.listener.rules}
        raise_first(priority_errors(given["Priority"], taken))
        rule = Rule(
            priority=given["Priority"],
            arn=ids.new_rule_arn(entry.arn, draft.new_id()),
            conditions=conditions,
            action=_reader(draft, entry).read(given["Actions"]),
            host_header_rewrite=rewrites.get("host-header-rewrite"),
            url_rewrite=rewrites.get("url-rewrite"),
        )
        _put_rules(draft, entry, (*entry.listener.rules, rule))
        draft.put_tags(rule.arn, tags)
        return _answer(draft, rule.arn)

    return await call.estate.change(create)


async def modify_rule(call: Call) -> Result:
    """Other conditions, actions or transforms; what the call does not name stays."""
    given = call.parameters
    resets = bool(given.get("ResetTransforms"))
    if not (call.given("Conditions", "Actions", "Transforms") or resets):
        raise invalid("Either conditions or actions must be specified")
    if resets and call.given("Transforms"):
        raise invalid("You cannot specify both 'Transforms' and 'ResetTransforms'")

    def modify(draft: Draft) -> Result:
        entry, rule = _named(draft, call.text("RuleArn"), "modified; use ModifyListener")
        if call.given("Conditions"):
            rule = replace(rule, conditions=read_conditions(given["Conditions"]))
        if call.given("Actions"):
            rule = replace(rule, action=_reader(draft, entry).read(given["Actions"]))
        if resets or call.given("Transforms"):
            rewrites = read_transforms(given.get("Transforms") or ())
            rule = replace(
                rule,
                host_header_rewrite=rewrites.get("host-header-rewrite"),
                url_rewrite=rewrites.get("url-rewrite"),
            )
        _put_rules(draft, entry, tuple(rule if each.arn == rule.arn else each for each in entry.listener.rules))
        return _answer(draft, rule.arn)

    return await call.estate.change(modify)


async def delete_rule(call: Call) -> Result:
    """Its requests go to the rules after it from the next one on."""

    def delete(draft: Draft) -> Result:
        entry, rule = _named(draft, call.text("RuleArn"), "deleted")
        _put_rules(draft, entry, tuple(each for each in entry.listener.rules if each.arn != rule.arn))
        draft.put_tags(rule.arn, {})
        return {}

    return await call.estate.change(delete)


async def set_rule_priorities(call: Call) -> Result:
    """New priorities for rules of one listener: all of them, or none when they collide."""
    pairs = [(each.get("RuleArn"), each.get("Priority")) for each in call.parameters["RulePriorities"]]
    if not pairs or any(not arn or priority is None for arn, priority in pairs):
        raise invalid("A rule ARN and a priority must be specified for each rule")
    for what, values in (("Rule", [arn for arn, _ in pairs]), ("Priority", [priority for _, priority in pairs])):
        if twice := [value for value, count in Counter(values).items() if count > 1]:
            raise invalid(f"{what} '{twice[0]}' was provided multiple times")
    wanted: dict[str, int] = dict(pairs)

    def put(draft: Draft) -> Result:
        found = [_named(draft, arn, "given another priority") for arn in wanted]
        entry = found[0][0]
        if any(other.arn != entry.arn for other, _ in found):
            raise invalid("All rules must belong to the same listener")
        taken = {rule.priority for rule in entry.listener.rules if rule.arn not in wanted}
        for priority in wanted.values():
            raise_first(priority_errors(priority, taken))
        rules = (replace(rule, priority=wanted.get(rule.arn, rule.priority)) for rule in entry.listener.rules)
        _put_rules(draft, entry, tuple(rules))
        catalog = draft.catalog
        shown = (each for each in rules_of(catalog.listeners[entry.arn].listener) if each.arn in wanted)
        return {"Rules": [rule_result(catalog, each) for each in shown]}

    return await call.estate.change(put)


def _named(draft: Draft, arn: str, done: str) -> tuple[ListenerEntry, Rule]:
    """A rule and the listener that it is of. The default one cannot be `done`."""
    found: RuleEntry = RULE.find_one(draft.catalog.rules, arn)
    if found.rule is None:
        _refuse_default(arn, done)
    return draft.catalog.listeners[found.listener.arn], found.rule


def _refuse_default(arn: str, done: str) -> NoReturn:
    raise QueryError("OperationNotPermitted", f"Default rule '{arn}' cannot be {done}")


def _reader(draft: Draft, entry: ListenerEntry) -> ActionReader:
    return ActionReader(draft.catalog, entry.load_balancer, entry.listener.protocol, entry.listener.port)


def _put_rules(draft: Draft, entry: ListenerEntry, rules: tuple[Rule, ...]) -> None:
    put_listener(draft, entry, replace(entry.listener, rules=tuple(sorted(rules, key=lambda rule: rule.priority))))


def _answer(draft: Draft, arn: str) -> Result:
    return {"Rules": [rule_result(draft.catalog, draft.catalog.rules[arn])]}


HANDLERS: Handlers = {
    "CreateRule": create_rule,
    "ModifyRule": modify_rule,
    "DeleteRule": delete_rule,
    "SetRulePriorities": set_rule_priorities,
}
