"""Which action a request gets: rules in ascending priority, then the default rule (reference 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect
from simlb.core.conditions import CompiledCondition, HttpHeader, Mismatch, RoutedRequest, compile_condition
from simlb.core.model import Action, ForwardAction, RedirectAction, Rule
from simlb.core.rule_index import RuleIndex
from simlb.core.transforms import CompiledTransforms

CompiledAction = CompiledForward | CompiledRedirect | CompiledFixedResponse

_Compiled = tuple[CompiledCondition[Any], ...]

DEFAULT_RULE_PRIORITY = 0
"""What the access log shows for the default rule."""


class Decision:
    """What happens to a request: the action and transforms of `rule` (None: the default rule) and its priority.

    `evaluations` is how many rules it takes to get there, the default rule not counted (CloudWatch's RuleEvaluations).
    """

    __slots__ = ("action", "evaluations", "priority", "rule", "transforms")

    def __init__(self, action: Action, rule: Rule | None, evaluations: int = 0) -> None:
        self.action = _compile(action)
        self.evaluations = evaluations
        self.rule = rule
        self.priority = DEFAULT_RULE_PRIORITY if rule is None else rule.priority
        self.transforms = None if rule is None else CompiledTransforms.of(rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVerdict:
    """What came of one rule for one request. `rule` is None for the default rule, which matches all that reach it.

    `mismatch` says why the first condition that did not hold did not; None when the rule matched.
    """

    priority: int
    rule: Rule | None
    mismatch: Mismatch | None

    @property
    def is_match(self) -> bool:
        """True for the rule that decides."""
        return self.mismatch is None


class RuleTable:
    """The compiled rules of one listener."""

    __slots__ = ("_conditions", "_decisions", "_index", "default")

    def __init__(self, default_action: Action, rules: Sequence[Rule] = (), *, like: RuleTable | None = None) -> None:
        """Priorities must differ. Raises RegexSyntaxError for a regular expression that is not accepted.

        What `like`, an earlier table of the same listener, has compiled is not compiled again: one rule of a hundred
        changes.
        """
        ordered = sorted(rules, key=lambda rule: rule.priority)
        known_decisions, known_conditions = ({}, {}) if like is None else like._known()
        self.default = Decision(default_action, None, len(ordered))
        self._decisions = tuple(
            known_decisions.get((id(rule), place)) or Decision(rule.action, rule, place)
            for place, rule in enumerate(ordered, 1)
        )
        self._conditions = tuple(
            known_conditions.get(id(rule.conditions)) or tuple(map(compile_condition, rule.conditions))
            for rule in ordered
        )
        self._index = RuleIndex(self._conditions) if ordered else None

    def _known(self) -> tuple[dict[tuple[int, int], Decision], dict[int, _Compiled]]:
        """By the identity of rules and conditions, which this table keeps alive; decisions by their place as well."""
        decisions = {(id(decision.rule), decision.evaluations): decision for decision in self._decisions}
        conditions = {
            id(decision.rule.conditions): compiled
            for decision, compiled in zip(self._decisions, self._conditions, strict=True)
            if decision.rule is not None
        }
        return decisions, conditions

    def evaluate(self, request: RoutedRequest, client_ip: str) -> Decision:
        """The decision for a request of a client at `client_ip`."""
        if self._index is None:
            return self.default
        place = self._index.first(request, client_ip)
        return self.default if place < 0 else self._decisions[place]

    def decision(self, priority: int) -> Decision:
        """That of the rule with a priority that was evaluated to; `DEFAULT_RULE_PRIORITY` is the default rule's."""
        found = (decision for decision in self._decisions if decision.priority == priority)
        return next(found, self.default)

    @property
    def header_names(self) -> frozenset[bytes]:
        """The header fields (lower case) that conditions ask for."""
        return frozenset(
            condition.name for own in self._conditions for condition in own if isinstance(condition, HttpHeader)
        )

    def explain(self, request: RoutedRequest, client_ip: str) -> tuple[RuleVerdict, ...]:
        """The verdict on every rule in turn, up to the one that matches. The last one agrees with `evaluate`.

        Asks each condition anew, without the index: for people, not for every request.
        """
        verdicts = []
        for decision, conditions in zip(self._decisions, self._conditions, strict=True):
            mismatches = (condition.mismatch(request, client_ip) for condition in conditions)
            mismatch = next((found for found in mismatches if found is not None), None)
            verdicts.append(RuleVerdict(priority=decision.priority, rule=decision.rule, mismatch=mismatch))
            if mismatch is None:
                return tuple(verdicts)
        return (*verdicts, RuleVerdict(priority=DEFAULT_RULE_PRIORITY, rule=None, mismatch=None))


def _compile(action: Action) -> CompiledAction:
    if isinstance(action, ForwardAction):
        return CompiledForward(action)
    if isinstance(action, RedirectAction):
        return CompiledRedirect(action)
    return CompiledFixedResponse(action)
