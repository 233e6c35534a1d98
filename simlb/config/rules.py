"""Rules of a listener: conditions in their long form and as shorthands, transforms, priorities (reference 1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simlb.config.actions import ActionCompiler, ListenerScope
from simlb.config.context import Context
from simlb.config.rule_documents import (
    ConditionEntry,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    QueryStringCondition,
    RuleEntry,
    SourceIpCondition,
    TransformEntry,
)
from simlb.core import ids, model, validation
from simlb.core.validation import GivenCondition, GivenTransform

_SHORTHANDS = {
    "host": "host-header",
    "path": "path-pattern",
    "method": "http-request-method",
    "source_ip": "source-ip",
}


@dataclass(frozen=True, slots=True)
class _Written:
    """A condition of a rule and how it was written: `entry` is its own, or the rule's when it is a shorthand.

    A shorthand has nothing between its key and its values, whose errors therefore leave out `values`.
    """

    given: GivenCondition
    entry: object
    keys: tuple[str, ...] = ()

    def way(self, path: Sequence[str | int]) -> tuple[str | int, ...]:
        """The keys to the member of the condition that an error is about."""
        return (*self.keys, *(path[1:2] if self.keys else path))


class RuleCompiler:
    """Compiles the rules of one file's listeners."""

    def __init__(self, context: Context, region: str, actions: ActionCompiler) -> None:
        self._context = context
        self._region = region
        self._actions = actions

    def compile(self, listener: ListenerScope, lb_id: str) -> tuple[model.Rule, ...]:
        """The rules of a listener by ascending priority."""
        rules: dict[int, model.Rule] = {}
        for entry in listener.entry.rules:
            for error in validation.priority_errors(entry.priority, rules):
                self._context.refuse(error, entry, *error.path)
            rules[entry.priority] = self._rule(listener, lb_id, entry)
        return tuple(rules[priority] for priority in sorted(rules))

    def _rule(self, listener: ListenerScope, lb_id: str, entry: RuleEntry) -> model.Rule:
        rewrites = self._rewrites(entry.transforms, entry)
        action = self._actions.compile(listener, entry)
        if rewrites and not isinstance(action, model.ForwardAction):
            what = "the rule's transforms have no effect: its action does not forward the request"
            self._context.warn(entry, "transforms", what=what)
        return model.Rule(
            priority=entry.priority,
            arn=ids.rule_arn(self._region, listener.balancer.name, lb_id, listener.entry.port, entry.priority),
            conditions=self._conditions(entry),
            action=action,
            host_header_rewrite=rewrites.get("host-header-rewrite"),
            url_rewrite=rewrites.get("url-rewrite"),
        )

    def _conditions(self, entry: RuleEntry) -> tuple[model.Condition, ...]:
        written = [*map(_long, entry.conditions), *_short(entry)]
        errors = list(validation.rule_condition_errors([condition.given for condition in written]))
        for error in errors:
            match error.path:
                case (int(index), *path):
                    self._context.refuse(error, written[index].entry, *written[index].way(path))
                case _:
                    self._context.refuse(error, entry)
        for condition in written:
            self._warn_of_paths(condition)
        return () if errors else tuple(validation.build_condition(condition.given) for condition in written)

    def _warn_of_paths(self, condition: _Written) -> None:
        """AWS takes them, and beginners wonder why they never match."""
        if condition.given.field == "path-pattern":
            for value in condition.given.values or ():
                if value and value[0] not in "/*?":
                    what = f"path '{value}' never matches: a path begins with '/'"
                    self._context.warn(condition.entry, *condition.way(("values",)), what=what)

    def _rewrites(self, transforms: Sequence[TransformEntry], rule: RuleEntry) -> dict[str, model.Rewrite]:
        given = [
            GivenTransform(
                type=entry.type,
                rewrites=[model.Rewrite(regex=item.regex, replace=item.replace) for item in entry.rewrites],
            )
            for entry in transforms
        ]
        errors = list(validation.transform_errors(given))
        for error in errors:
            self._context.refuse(error, rule, "transforms", *error.path)
        return {} if errors else {transform.type: transform.rewrites[0] for transform in given}


def _long(entry: ConditionEntry) -> _Written:
    field = str(type(entry).__struct_config__.tag)
    if isinstance(entry, QueryStringCondition):
        pairs = [(pair.key, pair.value) for pair in entry.values]
        return _Written(GivenCondition(field=field, pairs=pairs), entry)
    if isinstance(entry, HttpRequestMethodCondition | SourceIpCondition):
        return _Written(GivenCondition(field=field, values=entry.values), entry)
    given = GivenCondition(
        field=field,
        values=entry.values,
        regex_values=entry.regex_values,
        http_header_name=entry.http_header_name if isinstance(entry, HttpHeaderCondition) else None,
    )
    return _Written(given, entry)


def _short(rule: RuleEntry) -> Iterator[_Written]:
    for key, field in _SHORTHANDS.items():
        value: str | list[str] | None = getattr(rule, key)
        if value is not None:
            yield _Written(GivenCondition(field=field, values=_listed(value)), rule, (key,))
    for name, value in (rule.header or {}).items():
        given = GivenCondition(field="http-header", http_header_name=name, values=_listed(value))
        yield _Written(given, rule, ("header", name))
    for name, value in (rule.query or {}).items():
        pairs = [(name, item) for item in _listed(value)]
        yield _Written(GivenCondition(field="query-string", pairs=pairs), rule, ("query", name))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
